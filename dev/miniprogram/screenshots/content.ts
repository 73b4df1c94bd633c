import { contextOverflow, type Fault } from "../../lm-studio-fault.ts";
import type { Message, Reply } from "../../lm-studio-answer.ts";

/** What is asked and answered in the pictures. All of it is made up. */
export const QUESTIONS = {
  delivery: "客户问交付周期，怎么回复更稳妥？",
  minutes: "周会纪要怎么写才清楚？",
  leave: "帮我写一封请假邮件，周五请假一天",
  retry: "用 TypeScript 写一个带重试的请求函数",
  choice: "自建机房还是租云服务器？帮我权衡一下",
  audit: "总结一下这份审计底稿（全文见下）",
  speech: "写一段新品发布会的开场白",
  offline: "下午三点的会改到几点合适？",
  stopped: "写一篇公司十周年的纪念文章",
  thoughts: "客服热线要不要外包？",
  letter: "草拟一封催款函",
  server: "实验室的服务器还剩多少空间？",
  refused: "先清理哪些目录比较稳妥？",
  queued: "把下周例会的议程列出来",
} as const;

/** Asked one after the other, in a conversation that is longer than a screen. */
export const LINES: readonly { readonly question: string; readonly answer: string }[] = [
  ["等了十几秒才出字", "**响应速度**。集中在白天高峰，和另外两条合在一起看。"],
  ["不知道能问什么", "**使用门槛**。可以在首页放几个例子。"],
  ["手机上看不到昨天的对话", "**历史记录**。已经有两条同样的反馈。"],
  ["表格在手机上很清楚", "**好评**，不用处理。"],
  ["希望能导出成文档", "**新功能**。先记下来，等排期。"],
  ["断网以后消息没有丢", "**好评**，不用处理。"],
  ["专业名词偶尔会写错", "**回答质量**。请附上原句，方便核对。"],
  ["夜里也能用，很方便", "**好评**，不用处理。"],
  ["想收藏常用的问题", "**新功能**。和“导出成文档”一起评估。"],
  ["任务做完时通知很及时", "**好评**，不用处理。"],
  ["字太小，看着累", "**界面**。微信里可以调大字号，先告诉客户。"],
  ["回答太长，想先看结论", "**回答质量**。可以在提问时说明“先给结论”。"],
  ["换手机以后记录都在", "**好评**，不用处理。"],
  ["语气可以再随和一点", "**回答质量**。优先级不高。"],
  ["附件太大时没有提示", "**使用门槛**。提示里要写明上限。"],
  ["复制出来的格式是对的", "**好评**。以上 16 条都归好了。"],
].map(([line = "", answer = ""]) => ({ question: `这条归到哪一类：${line}`, answer }));

export const TASKS = {
  interviews: {
    title: "整理客户访谈，列出共性问题",
    prompt: "把 12 份客户访谈整理成一页纸，列出共性问题和出现次数。",
  },
  quotes: {
    title: "对比三家云服务的报价",
    prompt:
      "根据三家的报价单，按计算、存储、流量、服务支持四项对比一年的总费用。先列出每项的计费方式，再算出我们现在的用量要付多少钱，最后给出建议。注意：其中一家的流量费是阶梯计价，超过 10 TB 的部分单价不同；另一家的服务支持按月收取，最少买一年。结果要能直接给采购部门看，所以用表格，并在表格下面说明计算时的假设。报价单上没有的数字请注明“待确认”，不要自行估算。",
  },
  tender: { title: "读完招标文件并列出风险", prompt: "读完附件里的招标文件，列出对我们不利的条款。" },
  manual: { title: "翻译产品手册前两章", prompt: "把产品手册的前两章翻译成英文。" },
  feedback: { title: "汇总三季度客户反馈", prompt: "把三季度的客户反馈按主题汇总，每个主题给两条原话。" },
  weekly: { title: "生成本周周报", prompt: "根据本周的工作记录写一份周报。" },
} as const;

const RETRY = `可以用**指数退避**，失败后等得一次比一次久：

\`\`\`ts
async function ask(url: string) {
  for (let i = 1; i <= 3; i++) {
    const answer = await fetch(url);
    if (answer.ok) return answer;
    await sleep(2 ** i * 100);
  }
}
\`\`\`

| 第几次 | 等待 | 累计 |
| --- | ---: | ---: |
| 1 | 200 ms | 0.2 s |
| 2 | 400 ms | 0.6 s |

- 只重试**可以重复**的请求，例如 \`GET\`
- 加上总时限，别让人一直等`;

const CHOICE = {
  reasoning:
    "先看规模：访问量不大但有内网数据。自建机房前期投入高，云服务器按量付费。\n\n再看合规：数据不能出内网，模型推理要 GPU，云上长期租用 GPU 的费用一年左右就超过购买。\n\n结论应当是混合：模型放内网，入口放云上。",
  content: `建议**混合部署**：模型和数据留在自己的机房，只把入口放到云上。

1. **费用**：GPU 长期租用一年左右就会超过购买价
2. **合规**：内网数据不出门
3. **弹性**：云上的入口便宜，也容易扩容

如果一年内用量会翻倍，可以先租后买。`,
};

const QUOTES = `## 结论

建议选**乙公司**，一年总费用最低，而且服务支持包含在内。

| 项目 | 甲 | 乙 | 丙 |
| --- | ---: | ---: | ---: |
| 计算 | 9.6 万 | 8.8 万 | 9.1 万 |
| 存储 | 2.4 万 | 2.6 万 | 2.0 万 |
| 流量 | 3.1 万 | 2.2 万 | 3.6 万 |
| 支持 | 1.2 万 | 0 | 1.5 万 |
| **合计** | **16.3 万** | **13.6 万** | **16.2 万** |

### 计算时的假设

- 用量按最近三个月的平均值，全年不变
- 丙公司超过 10 TB 的流量按第二档单价
- 甲公司的服务支持最少买一年

### 需要再确认

1. 乙公司的报价有效期到月底
2. 丙公司的存储价格是否包含异地备份
`;

const SPEECH = `各位来宾，早上好！

三年前，我们在一间不到三十平米的会议室里，画下了今天这款产品的第一张草图。那时我们只有一个念头：**让每一家企业都能放心地用上自己的智能助手**`;

const STOPPED = `# 十年同行

十年前的春天，五个人挤在一间借来的办公室里，写下了第一行代码。那时没有空调，也没有像样的桌椅，只有一块白板，上面写着一句话：**把事情做对**。

后来的故事大家都知道了`;

const THOUGHTS = {
  reasoning:
    "先看热线现在的量：每天大约 120 个来电，一半是查进度，这部分可以自助完成。\n\n再看外包的得失：单价低，但是服务商不熟悉产品，转回来的工单会变多。\n\n还要考虑客户信息：通话里有合同编号，",
  content: "",
};

const SERVER = `还剩 **412 GB**，占总容量的 18%。

- 日志占了 640 GB，其中一半是三个月以前的
- 按最近的增长速度，大约 **五周**后用满`;

const FEEDBACK = `## 一、响应速度（23 条）

> “白天高峰的时候，要等十几秒才开始出字。”

> “手机上切回来以后能接着看，这点很好。”

## 二、使用门槛（17 条）

> “不知道能问什么，`;

const ANSWERS: Readonly<Record<string, Reply>> = {
  [QUESTIONS.delivery]:
    "可以先给**区间**，再说明前提：\n\n> 标准配置 4–6 周；如需定制，确认需求后 3 个工作日内给您准确时间。\n\n这样既有答复，又留了余地。",
  [QUESTIONS.minutes]: "写清三件事：**结论**、**负责人**、**期限**。讨论过程只留分歧点。",
  [QUESTIONS.leave]:
    "**主题：** 周五请假申请\n\n王经理：\n\n您好！因家中有事，我想在本周五（20 日）请假一天，手头的工作已和小陈交接。\n\n此致敬礼",
  [QUESTIONS.retry]: { reasoning: "需要一个循环和退避。", content: RETRY },
  [QUESTIONS.choice]: CHOICE,
  [QUESTIONS.speech]: SPEECH,
  [QUESTIONS.stopped]: STOPPED,
  [QUESTIONS.thoughts]: THOUGHTS,
  [QUESTIONS.server]: SERVER,
  ...Object.fromEntries(LINES.map(({ question, answer }) => [question, answer])),
  [TASKS.manual.prompt]:
    "# Chapter 1: Getting Started\n\nThank you for choosing our product. Before you begin, please check that",
  [TASKS.interviews.prompt]:
    "共性问题有三个：**部署太复杂**（9 次）、**不知道能问什么**（7 次）、**移动端看不到历史**（4 次）。",
  [TASKS.quotes.prompt]: QUOTES,
  [TASKS.feedback.prompt]: FEEDBACK,
};

/** Answers that do not go on, so that they can be looked at while they are written. */
const UNFINISHED: readonly string[] = [
  QUESTIONS.speech,
  QUESTIONS.stopped,
  QUESTIONS.thoughts,
  TASKS.feedback.prompt,
  TASKS.manual.prompt,
];
const FAILING: readonly string[] = [QUESTIONS.audit, TASKS.tender.prompt];

export function openModel() {
  const firstTime = new Set<string>([TASKS.quotes.prompt]);
  const asked = (messages: readonly Message[]) => messages.at(-1)?.content ?? "";
  return {
    reply: (messages: readonly Message[]): Reply => ANSWERS[asked(messages)] ?? "好的，已经记下了。",
    fault(_request: number, messages: readonly Message[]): Fault | undefined {
      const text = asked(messages);
      if (FAILING.includes(text) || firstTime.delete(text)) return contextOverflow;
      const isUnfinished = UNFINISHED.includes(text);
      return isUnfinished ? { t: "stall", afterTokens: 10_000, commentEveryMs: 500 } : undefined;
    },
  };
}
