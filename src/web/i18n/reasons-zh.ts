/** The reasons that the engine gives in English, in Chinese. What is not known here is shown as it is. */
const REASONS: readonly (readonly [pattern: RegExp, zh: string])[] = [
  [
    /^both sides hold their own value, and the policy of the field is hold$/,
    '两边各有自己的值，该字段的策略是“由人决定”（hold）',
  ],
  [/^both sides hold the same value$/, '两边的值相同'],
  [/^newest needs the time of both edits$/, '策略 newest 需要两边的修改时间，但有一边没有'],
  [
    /^newest needs times that can be trusted, from both sides$/,
    '策略 newest 需要可信的修改时间，但至少有一边不可信',
  ],
  [/^newest cannot read the time of an edit$/, '策略 newest 无法识别修改时间'],
  [/^both edits carry the same time$/, '两边的修改时间相同，无法判断先后'],
  [/^union decides sets only$/, '策略 union 只适用于多值字段'],
  [/^both values have the same length$/, '两边的值一样长，策略 longest 无法裁决'],
  [/^append cannot join mapped values$/, '策略 append 无法合并有对应关系的值'],
  [/^append decides texts only$/, '策略 append 只适用于文本'],
  [/^the policy of the field is (.+)$/, '该字段的策略是 {1}'],
  [/^both sides are unchanged, and they are not equal$/, '两边都没有新的改动，但值不相同'],
  [
    /^(.+) was edited in (udesk|crm), and the field flows (.+) only$/,
    '{1} 在 {2} 中被修改，但该字段只允许 {3} 方向',
  ],
  [/^(udesk|crm) has no room for all elements of (.+)$/, '{1} 放不下 {2} 的全部内容'],
  [/^the value that (.+) holds in (.+) is not in the field's map$/, '{1} 中 {2} 的值没有配置对应关系'],
  [
    /^one element was edited to two different values: both are kept$/,
    '同一条目被改成了两个不同的值：两个都保留',
  ],
  [
    /^one element was edited on one side and deleted on the other: the edit is kept$/,
    '同一条目一边修改、一边删除：保留修改',
  ],
  [
    /^deleted in (udesk|crm), and edited in (udesk|crm) since both agreed$/,
    '在 {1} 中被删除，而在 {2} 中又有修改',
  ],
  [/^(.+) changed after the decision was made$/, '裁决之后 {1} 又发生了变化'],
  [/^(udesk|crm) accepted the write and kept its old value$/, '{1} 接受了写入，但仍保留原来的值'],
  [/^(.+) has no base to go back to$/, '{1} 没有可以恢复的原值'],
  [/^nothing of the record may flow to (udesk|crm)$/, '这条记录没有任何字段可以写入 {1}'],
  [/^a person took (.+)$/, '由人裁决：采用 {1}'],
  [/^several records on both sides share contact points$/, '两边各有多条记录的联系方式相同'],
  [/^one customer fits several CRM records$/, '一位客户对应多条 CRM 记录'],
  [/^several customers fit one CRM record$/, '多位客户对应同一条 CRM 记录'],
  [/^the customer is linked to another CRM record$/, '该客户已与另一条 CRM 记录关联'],
  [/^the CRM record is linked to another customer$/, '该 CRM 记录已与另一位客户关联'],
  [/^the stored id of the other side names another record$/, '存有的对方 ID 指向另一条记录'],
  [
    /^one stores the id of the other, and they have no e-mail or phone in common$/,
    '一边存有另一边的 ID，但邮箱和手机号都不相同',
  ],
  [
    /^(udesk|crm) shows no records at all, and (\d+) links are known\.$/,
    '{1} 没有返回任何记录，而已知关联有 {2} 个',
  ],
  [
    /^The plan deletes (\d+) records, (\d+) were deleted in the last day, and at most (.+) may go\.$/,
    '计划删除 {1} 条记录，过去一天已删除 {2} 条，上限为 {3}',
  ],
  [
    /^The plan updates (\d+) links after (\d+) others in the last hour, and at most (.+) may change in an hour\.$/,
    '计划修改 {1} 个关联，过去一小时已修改 {2} 个，每小时上限为 {3}',
  ],
  [
    /^The plan creates (\d+) customers and (\d+) CRM records after (\d+) in the last hour, and at most (\d+) an hour may be created\.$/,
    '计划创建 {1} 位客户和 {2} 条 CRM 记录，过去一小时已创建 {3} 条，每小时上限为 {4} 条',
  ],
  [
    /^The database was restored from a backup; the plan creates (\d+) records and deletes (\d+), and what was created or deleted since the backup is not known\.$/,
    '数据库是从备份恢复的；计划创建 {1} 条、删除 {2} 条记录，而备份之后创建或删除过什么已无从得知',
  ],
  [
    /^the database was restored from a backup, so who edited this last is not known$/,
    '数据库是从备份恢复的，无法得知最后是谁改的',
  ],
  [/^A side's clock is (\d+) seconds away from ours\.$/, '有一边的时钟相差 {1} 秒'],
];

export function reasonInChinese(reason: string): string | null {
  for (const [pattern, zh] of REASONS) {
    const match = pattern.exec(reason);
    if (match !== null) return zh.replace(/\{(\d)\}/g, (_, n: string) => sideName(match[Number(n)] ?? ''));
  }
  return null;
}

function sideName(text: string): string {
  return text
    .replace(/\budesk\b/g, 'Udesk')
    .replace(/\bcrm\b/g, 'CRM')
    .replace(' and ', ' 和 ')
    .replace('the CRM', 'CRM')
    .replace(/^(.+ %) of (\d+)( links)?$/, '$2 个关联的 $1');
}
