/** The people whom the live edits are about: the same on both sides at the start, each with a part to play. */
import type { CustomerSeed } from '../simulator/customer.ts';

/** Their e-mail addresses. */
export const CAST = {
  renamed: 'chen.jing@cast.example',
  noted: 'olivia.brown@cast.example',
  crossing: 'wang.fang@cast.example',
  fourEmails: 'zhao.lei@cast.example',
  phoneEdited: 'peter.larsson@cast.example',
  contested: 'li.na@cast.example',
} as const;

export const CAST_CUSTOMERS: readonly CustomerSeed[] = [
  { nick_name: '陈静', email: CAST.renamed, cellphones: ['13900010001'], description: '每周三回访' },
  {
    nick_name: 'Olivia Brown',
    email: CAST.noted,
    cellphones: ['13900010002'],
    description: 'met at the fair',
  },
  { nick_name: '王芳', email: CAST.crossing, cellphones: ['13900010003'], description: '老客户' },
  {
    nick_name: '赵磊',
    email: CAST.fourEmails,
    other_emails: ['zhao.lei@work.example', 'lei@home.example', 'zhao@old.example'],
    cellphones: ['13900010004'],
  },
  { nick_name: 'Peter Larsson', email: CAST.phoneEdited, cellphones: ['13900010005', '13900010055'] },
  { nick_name: '李娜', email: CAST.contested, cellphones: ['13900010006'], description: '报价已发送' },
];
