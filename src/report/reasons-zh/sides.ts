/** Why a plan waits, and why a side was not read completely. */
import type { ReasonTable } from '../reasons-zh.ts';

export const SIDES_READ: ReasonTable = [
  [
    /^(udesk|crm) is not the account or table that was synchronised before\.$/,
    '{1} 已不是之前同步的那个账号或数据表',
  ],
  [/^the enumeration did not come to its end$/, '列表没有读取完'],
  [/^only what changed since the cursor$/, '只读取了游标之后的变化'],
  [/^too many customers were created while the list was read$/, '读取列表期间新建的客户过多'],
  [/^Udesk did not say how many customers there are$/, 'Udesk 没有说明客户总数'],
  [
    /^the list reaches (\d+) customers and Udesk says that it holds (\d+)$/,
    '列表最多给出 {1} 位客户，而 Udesk 称共有 {2} 位',
  ],
  [
    /^customers were deleted while the list was read \((\d+) before, (\d+) after\)$/,
    '读取列表期间有客户被删除（之前 {1} 位，之后 {2} 位）',
  ],
  [/^customers were deleted while the list was read$/, '读取列表期间有客户被删除'],
  [
    /^(\d+) customers were listed and Udesk says that it holds (\d+)$/,
    '列出了 {1} 位客户，而 Udesk 称共有 {2} 位',
  ],
  [/^a (?:customer|contact|record) of the list could not be read$/, '列表中有一条记录无法读取'],
  [/^the customers of filter (\S+) became fewer while they were read$/, '读取期间筛选器 {1} 的客户变少了'],
  [
    /^filter (\S+) holds (\d+) customers and the list reaches (\d+) of them$/,
    '筛选器 {1} 有 {2} 位客户，而列表最多给出 {3} 位',
  ],
  [
    /^customers were created and deleted again while the list was read$/,
    '读取列表期间有客户被新建后又被删除',
  ],
  [
    /^(\d+) of (\d+) customers are in none of the configured shards$/,
    '{2} 位客户中有 {1} 位不在任何已配置的分片中',
  ],
  [
    /^records moved between the pages while the list was read \((\S+) paging\): (.+)$/,
    '读取列表期间记录在各页之间移动（{1:raw} 分页）：{2:reason}',
  ],
  [/^(\d+) were listed and the API says that it holds (\d+)$/, '列出了 {1} 条，而接口称共有 {2} 条'],
  [/^the list is not whole: (.+)$/, '列表不完整：{1:reason}'],
  [
    /^the API gave the same page twice, or pages without end: check crm\.list\.paging$/,
    '接口重复返回同一页，或分页没有尽头：请检查 crm.list.paging',
  ],
  [
    /^the API does not say how many records there are \(crm\.list\.total\), so a skipped one would not show$/,
    '接口没有说明记录总数（crm.list.total），遗漏的记录无法发现',
  ],
  [/^the bulk job found (\d+) records and gave (\d+)$/, '批量任务找到 {1} 条记录，却只给出 {2} 条'],
  [/^only the first (\d+) rows can be listed$/, '只能列出前 {1} 行'],
  [
    /^(udesk|crm) shows no records at all, and (\d+) links? (?:is|are) known\.$/,
    '{1} 没有返回任何记录，而已知关联有 {2} 个',
  ],
  [
    /^The plan deletes (\d+) records?, (\d+) (?:was|were) deleted in the last day$/,
    '计划删除 {1} 条记录，过去一天已删除 {2} 条',
  ],
  [/^(.+), and at most (.+) may go\.$/, '{1:reason}，上限为 {2}'],
  [
    /^The plan updates (\d+) links? after (\d+) others? in the last hour, and at most (.+) may change in an hour\.$/,
    '计划修改 {1} 个关联，过去一小时已修改 {2} 个，每小时上限为 {3}',
  ],
  [
    /^The plan creates (\d+) customers? and (\d+) CRM records? after (\d+) in the last hour, and at most (\d+) an hour may be created\.$/,
    '计划创建 {1} 位客户和 {2} 条 CRM 记录，过去一小时已创建 {3} 条，每小时上限为 {4} 条',
  ],
  [
    /^The database was restored from a backup; the plan creates (\d+) records? and deletes (\d+), and what was created or deleted since the backup is not known\.$/,
    '数据库是从备份恢复的；计划创建 {1} 条、删除 {2} 条记录，而备份之后创建或删除过什么已无从得知',
  ],
  [/^A side's clock is (\d+) seconds? away from ours\.$/, '有一边的时钟相差 {1} 秒'],
];
