/** English. The keys of this dictionary are the keys of all: another language that lacks one does not compile. */
export const en = {
  'app.name': 'udesk-sync',
  'app.skip': 'Skip to content',
  'app.nav': 'Main',
  'app.account': 'Account',
  'app.local': 'on this machine',
  'app.language': 'Language',
  'role.viewer': 'viewer',
  'role.reviewer': 'reviewer',
  'role.operator': 'operator',

  'signin.title': 'Sign in',
  'signin.lead': 'Conflicts between Udesk and your CRM, reviewed by people.',
  'signin.name': 'Name',
  'signin.password': 'Password',
  'signin.submit': 'Sign in',
  'signin.wrong': 'This name and password do not go together. Check both and try again.',
  'signin.wait': 'Too many tries. Wait {minutes} min, then try again.',
  'signin.help': 'Who may sign in stands in the configuration, under http.auth. Ask whoever runs udesk-sync.',
  'signout.submit': 'Sign out',
  'signout.done': 'You are signed out.',

  'error.back': 'Back to the overview',
  'error.reference': 'Reference {reference}: it stands in the log, too.',
  'error.bad-request.title': 'This request cannot be read',
  'error.bad-request.detail':
    'Something in the address or the form is not as expected. Go back, and try again.',
  'error.sign-in.title': 'Please sign in',
  'error.sign-in.detail': 'You are not signed in, or were for too long without doing anything.',
  'error.role.title': 'You may not do this',
  'error.role.detail': 'Your role is {role}; this needs the role {needed}. Ask whoever runs udesk-sync.',
  'error.csrf.title': 'This page was open for too long',
  'error.csrf.detail': 'Nothing was done. Go back, load the page again, and repeat what you did.',
  'error.origin.title': 'This came from another site',
  'error.origin.detail': 'Nothing was done. Open these pages by their own address and try again.',
  'error.host.title': 'Unknown address',
  'error.host.detail':
    'Without users in the configuration, these pages answer only at localhost. To reach them by another name, list users under http.auth.',
  'error.not-found.title': 'There is nothing here',
  'error.not-found.detail': 'The address may be mistyped, or what it showed is gone.',
  'error.too-large.title': 'This is too large',
  'error.too-large.detail': 'At most {kib} KiB can be sent at once.',
  'error.media-type.title': 'Unknown kind of content',
  'error.media-type.detail': 'Send JSON, with the header content-type: application/json.',
  'error.too-many.title': 'Too many tries',
  'error.too-many.detail': 'Wait a while, then try again.',
  'error.unexpected.title': 'Something went wrong',
  'error.unexpected.detail':
    'This is a fault of udesk-sync or of its database, not of yours. What was decided before is kept. Try again in a moment.',

  'home.title': 'Overview',
  'home.conflicts': '{open} conflicts wait for a decision, {resolving} are being carried out.',
} as const;

export type WordKey = keyof typeof en;
