/** Another account or table answers than the one that a pair was made with. */
export const accountEn = {
  'error.plan-answered.title': 'Somebody else answered first',
  'error.plan-answered.detail': 'Your answer was not taken. Read the plan again to see what was said.',

  'plans.title': 'What waits for a yes',
  'plans.none': 'No plan waits, and no account has changed.',
  'plans.all': 'All that waits',
  'plans.refused': 'Answered with no',
  'plans.refused-guard-one': '{pair}: one write stays held',
  'plans.refused-guard': '{pair}: {n} writes stay held',
  'plans.refused-account': '{pair}: another account answers in {side}; the pair waits',

  'account.waits':
    '{pair}: another account answers in {side}. The pair waits until somebody says whether it is meant.',
  'account.title': '{pair}: another account answers in {side}',
  'account.changed': 'What has changed',
  'account.before': 'Until now',
  'account.now': 'Now',
  'account.unnamed': 'not recorded in words',
  'account.known': '{n} {n|record|records} known',
  'account.holds': 'holds {n} {n|record|records}',
  'account.holds-unknown': 'does not say how many records it holds',
  'account.identity': 'identity {id}',
  'account.empty': 'What answers now is empty: it is hardly the same account.',
  'account.fewer': 'What answers now holds far fewer records: it is hardly the same account.',
  'account.yes-means':
    'Yes: from the next cycle on the pair works with what answers now, under the record numbers that it knows. Whoever is not found there counts as deleted, whoever looks different as edited; the guards hold what would delete or change too much.',
  'account.yes-when':
    'Say yes when it is the same data in another place: a table that was moved, a new administrator of the same company account.',
  'account.no-means':
    'No: nothing is read from {side} and nothing is written there. The pair goes on waiting, unasked, until the old account answers again or somebody says yes after all.',
  'account.other': 'Should yet another account answer by then, a yes lets nothing through.',
  'account.approve': 'Yes, work with this one',
  'account.reject': 'No, keep waiting',
  'account.state.waiting':
    'Nothing is read from {side} and nothing is written there before somebody answers.',
  'account.state.approving':
    '{who} said yes. The next cycle goes on, if it is still this account that answers.',
  'account.state.approved': '{who} said yes, and the pair works with this account.',
  'account.state.approved-cli': 'It was approved on the command line, and the pair works with this account.',
  'account.state.rejected':
    '{who} said no. Nothing is read from {side} and nothing is written there; nobody is asked again.',
  'account.state.moved':
    'This account does not answer any more: the old one does again, or yet another one. Nothing was let through.',
  'account.state.moved-approved':
    '{who} said yes, but by then another account answered. Nothing was let through.',
  'account.late.approve': '{who} answered first, with yes. Your answer was not taken.',
  'account.late.reject': '{who} answered first, with no. Your answer was not taken.',
  'todo.account': 'Another account answers in {side}: is it meant?',
  'note.account-approving':
    'Somebody said yes to the account that answers in {side} now: the next cycle goes on',
  'note.account-refused': 'Another account answers in {side}, and somebody said no to it: the pair waits',
} as const;
