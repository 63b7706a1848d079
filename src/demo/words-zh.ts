/** The demo in Chinese. */
import type { Words } from './words.ts';

const list = (items: readonly { id: string; content: string }[]) =>
  items.map(({ id, content }) => `${id} ${content}`).join('、');

export const chinese: Words = {
  title:
    'udesk-sync 演示：一个模拟的 Udesk 和一个放在 Postgres 表里的 CRM，双向保持一致。\n一切都在本机运行，其中的人都是虚构的。',
  steps: {
    start: '启动',
    firstRun: '首次运行：只匹配和报告，不写入',
    accept: '接受报告：一轮同步之后，两边一致',
    live: '守护进程运行中，有人在两边修改',
    conflict: '一个真正的冲突：同一字段，两个值',
    claims: '每项承诺，以及它背后的检查',
  },
  postgres: (description, dataDir, seconds) =>
    `${description.split(',')[0]}，为本次演示启动于 ${dataDir}（${seconds.toFixed(1)} 秒）`,
  tenant: (customers, url) =>
    `模拟的 Udesk 租户 ${url}：${customers} 个客户，返回格式混杂，校验签名并执行配额`,
  crm: (contacts) => `CRM：另一个数据库中的表 contact，共 ${contacts} 人。客户与联系人之间：`,
  groups: {
    same: '两边相同',
    'written differently': '两边相同，但写法不同（+86、大小写、顺序）',
    'more in the CRM': '两边都有；CRM 多一个地址、号码或备注',
    'more in Udesk': '两边都有；Udesk 的信息更多',
    'different on both sides': '两边都有，姓名或备注不同：须由人决定',
    'decided by policy': '两边都有，行业不同：策略规定以 CRM 为准',
    ambiguous: '处分不清谁是谁（邮箱指向一人、电话指向另一人；或两个联系人同一电话）',
    'only in Udesk': '只在 Udesk',
    'only in the CRM': '只在 CRM',
  },
  side: { udesk: 'Udesk', crm: 'CRM' },
  columns: {
    side: '写入',
    record: '记录',
    field: '字段',
    before: '现在',
    after: '之后',
    why: '原因',
    question: '问题',
    customers: '客户',
    contacts: '联系人',
    conflict: '冲突',
    customer: '客户',
    contact: '联系人',
    kind: '类型',
    base: '上次一致',
    value: '值',
    since: '修改或发现时间',
  },
  read: (udesk, crm) => `从 Udesk 读取 ${udesk} 个客户，从 CRM 读取 ${crm} 个联系人`,
  found: (linked, questions) => `${linked} 人两边都有；${questions} 个身份问题留给人来判断`,
  wouldWrite: ({ creates, updates, held }) =>
    `将创建 ${creates.udesk} 个客户和 ${creates.crm} 个联系人，更新 ${updates.udesk} 个客户和 ${updates.crm} 个联系人，${held} 个字段作为冲突保留；例如：`,
  newRecord: '（新建）',
  more: (count) => `…… 另有 ${count} 项`,
  questions: (count) => `${count} 个问题，绝不猜测：`,
  nothingWritten: '两边都还没有写入；由人查看之后接受（sync --accept-first-plan）',
  written: ({ creates, updates }, settled) =>
    `创建了 ${creates.udesk} 个客户和 ${creates.crm} 个联系人，更新了 ${updates.udesk} 个客户和 ${updates.crm} 个联系人：共 ${settled} 次写入，逐一核实`,
  conflicts: (count) => `${count} 个字段不同，等待人来决定；这些人的其余字段照常同步：`,
  again: (udesk, crm) => `再来一轮：向 Udesk 的写请求 ${udesk} 次，CRM 写入 ${crm} 行`,
  edits: {
    renamed: 'Udesk → CRM   修改姓名',
    noted: 'CRM → Udesk   修改备注',
    crossingName: 'Udesk → CRM   修改姓名，同一时刻此人的备注在 CRM 被修改',
    crossingNote: 'CRM → Udesk   上述备注',
    fourthEmail: 'CRM → Udesk   第四个其他邮箱',
    phone: 'CRM → Udesk   修改两个电话中的一个',
    created: 'Udesk → CRM   新客户',
    lostReply: 'CRM → Udesk   新联系人；创建请求的回复在途中丢失',
  },
  arrival: (what, ms) => `${ms === null ? '未到达' : `${(ms / 1000).toFixed(1)} 秒`.padStart(6)}  ${what}`,
  conflictOf: (id, field, customer, contact) =>
    `冲突 ${id}：客户 ${customer} 与联系人 ${contact} 的字段 ${field}`,
  decide: (command) => `由人决定采用 CRM 的值，等同于命令：${command}`,
  result: (claims, failed, seconds) =>
    failed === 0
      ? `${claims} 项承诺全部成立，距启动 ${seconds.toFixed(0)} 秒`
      : `${claims} 项承诺中有 ${failed} 项不成立，距启动 ${seconds.toFixed(0)} 秒`,
  kept: (dataDir) => `数据库保留在 ${dataDir}`,
  ending: '正在停止：先完成进行中的一轮，再停止并删除数据库',
  newConflict: (at, id, field, udesk, crm) =>
    `${at}  冲突 ${id}，字段 ${field}：Udesk 为“${udesk}”，CRM 为“${crm}”`,
  failing: (reason) => `一轮同步失败，将会重试：${reason}`,
  arrived: (at, side, op, id, fields) =>
    `${at}  ${side === 'udesk' ? 'CRM → Udesk' : 'Udesk → CRM'}  ${op} ${side === 'udesk' ? '客户' : '联系人'} ${id}：${fields}`,
  invitation: {
    title: '演示正在运行。请在另一个终端的同一目录下：',
    udesk: '在 Udesk 修改一个客户（模拟器的控制接口）：',
    crm: '在 CRM 修改：',
    psql: (file) => `  （或用 psql，地址见 ${file} 中的 crm.url）`,
    review: '审核（浏览器或命令行）：',
    addresses: '健康检查页、模拟的 Udesk、它的控制接口：',
    end: '到达另一边的修改会显示在这里。按 Ctrl-C 结束。',
  },
  claims: {
    firstRunWritesNothing: '首次运行在人接受之前不写入任何内容',
    writes: (before, after) =>
      `Udesk 收到的写请求：之前 ${before.udesk}，之后 ${after.udesk}；CRM 行版本之和：之前 ${before.crm}，之后 ${after.crm}`,
    matching: '两边都有的人全部认出，分不清的绝不猜测',
    matched: (linked, wantedLinks, questions, wantedQuestions) =>
      `关联 ${linked} 人（应为 ${wantedLinks}），${questions} 个问题（应为 ${wantedQuestions}）`,
    samePlan: '写入的正是展示过的那份计划',
    hashes: (one, two) => `展示的计划哈希：${one.slice(0, 16)}，执行的：${two.slice(0, 16)}`,
    differencesHeld: '两边不同的字段等待人来决定，每个字段一行',
    conflictsOpen: (open, wanted) => `${open} 个未决冲突（事先安排了 ${wanted} 处不同）`,
    sidesAgree: '一轮之后两边一致',
    compared: ({ people, fields, equal, held, asked, problems }) =>
      `不经引擎比较了 ${people} 人的 ${fields} 个字段：${equal} 相等，${held} 在冲突中，${problems.length} 其他；${asked} 条记录等待确认身份`,
    noEcho: '再来一轮不写入任何内容',
    editsCross: '两边的修改在数秒内到达另一边',
    arrived: (arrived, edits, slowestMs) =>
      `${edits} 处修改中 ${arrived} 处到达，最慢 ${(slowestMs / 1000).toFixed(1)} 秒`,
    bothSurvive: '同一人的不同字段同时在两边修改：两处都保留',
    holds: (udesk, crm) => `Udesk：${udesk.join(' | ')}；CRM：${crm.join(' | ')}`,
    fourthEmail: '增加第四个其他邮箱，原有三个的 id 不变',
    elements: (before, after) => `之前：${list(before)}；之后：${list(after)}`,
    phoneInPlace: '在 CRM 修改的电话，在 Udesk 以原 id 就地更新',
    lostReply: '创建请求的回复丢失：只有一个客户，而不是两个',
    lost: (dropped, sent, customers) =>
      `提交后丢失的回复：${dropped}；发送的创建请求：${sent}；同名客户：${customers}`,
    oneConflict: '两边修改同一字段成为一个冲突，保存上次一致的值和两个新值',
    conflictRow: (rows, values) =>
      `${rows} 个未决行${values === null ? '' : `：上次一致“${values.base}”，Udesk“${values.udesk}”，CRM“${values.crm}”`}`,
    nothingOverwritten: '冲突未决期间不覆盖任何值，此人的其余字段照常同步',
    stillHeld: (held, restFlowed) =>
      `Udesk 仍为“${held.udesk}”，CRM 仍为“${held.crm}”；备注${restFlowed ? '已到达' : '未到达'}`,
    resolved: '决定到达两边，冲突关闭',
    decided: ({ state, udesk, crm }) => `冲突状态 ${state}；Udesk 为“${udesk}”，CRM 为“${crm}”`,
    nothingLost: '没有客户丢失邮箱或电话，id 也没有改变',
    keptElements: ({ elements, lost, newIds }) =>
      `开始时的 ${elements} 个地址和号码中，丢失 ${lost} 个，id 改变 ${newIds} 个`,
    agreeAtEnd: '经过这一切，两边仍然一致',
    quietAtEnd: '守护进程无事可做时，不写入任何内容',
    nothingParked: '没有记录被搁置',
    parked: (count) => `搁置 ${count} 条`,
    quotaKept: (perMinute) => `任意 60 秒内对 Udesk 的调用不超过 ${perMinute} 次`,
    busiest: (busiest, refused) => `模拟器日志中最忙的 60 秒：${busiest} 次调用；被它拒绝：${refused} 次`,
  },
};
