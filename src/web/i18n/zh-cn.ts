import { accountZhCn } from './account/zh-cn.ts';
import { commonZhCn } from './common/zh-cn.ts';
import { conflictsZhCn } from './conflicts/zh-cn.ts';
import { customersZhCn } from './customers/zh-cn.ts';
import type { WordKey } from './en.ts';
import { linksZhCn } from './links/zh-cn.ts';
import { overviewZhCn } from './overview/zh-cn.ts';
import { parkedZhCn } from './parked/zh-cn.ts';
import { plansZhCn } from './plans/zh-cn.ts';
import { shellZhCn } from './shell/zh-cn.ts';
import { similarZhCn } from './similar/zh-cn.ts';

/** 简体中文 */
export const zhCn: Readonly<Record<WordKey, string>> = {
  ...shellZhCn,
  ...commonZhCn,
  ...conflictsZhCn,
  ...linksZhCn,
  ...parkedZhCn,
  ...plansZhCn,
  ...customersZhCn,
  ...overviewZhCn,
  ...similarZhCn,
  ...accountZhCn,
};
