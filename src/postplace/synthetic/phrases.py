"""Sentences of posts: frames by category with slots {a} and {b} for words of the place, and talk about nothing."""

from __future__ import annotations

# fmt: off
FRAMES_EN = {
    "travel": (
        "finally went up for {a} and {b}", "came all the way here for {a}", "nobody told me about {a}, or {b}",
        "{a} first, then {b}, my legs are done", "tourist mode on: {a}", "sunset next to {a}",
        "took forty photos of {a} and {b}",
    ),
    "home": (
        "back home, {a} again", "lazy evening with {a} and {b}", "fixing {a} instead of resting",
        "{a} at midnight, thanks a lot", "my whole kingdom: {a} and {b}", "mum called while I was busy with {a}",
        "moved the sofa closer to {a}",
    ),
    "work": (
        "day five of {a}", "{a} before lunch and {b} after", "boss wants {a} done by friday",
        "another shift, another {b}, and {a}", "who broke {a}", "so tired of {a}",
        "celebrating the end of {a} with the team",
    ),
    "school": (
        "three hours with {a}", "{a} today, {b} tomorrow", "our class survived {a}",
        "still thinking about {a} and {b}", "can't believe {a} is already over", "late for {a} because of {b}",
        "last week before {a}",
    ),
    "restaurant": (
        "ordered twice because of {a}", "{a} and {b}, nothing else needed", "best lunch in weeks: {a}",
        "dreaming of {a} since monday", "we fought over {a}", "come for {a}, stay for {b}",
        "grandpa says {a} used to be better",
    ),
    "shopping": (
        "went in for socks, left with {a}", "got lost between {a} and {b}", "payday means {a}",
        "two hours around {a}", "my wallet cries near {a}", "{a} is back, so am I", "found {b} right behind {a}",
    ),
}
FRAMES_ZH = {
    "travel": (
        "终于看到了{a}和{b}", "专程来看{a}", "没人告诉我还有{a}", "先{a}再{b}，腿都断了",
        "今天当一回游客，{a}太美", "在{a}旁边等日落",
    ),
    "home": (
        "回到家又是{a}", "和{a}、{b}过一个懒懒的晚上", "不休息，在收拾{a}", "半夜的{a}，谢谢啊",
        "我的小天地：{a}和{b}", "把沙发搬到{a}旁边",
    ),
    "work": (
        "{a}的第五天", "上午{a}，下午{b}", "老板说周五前搞定{a}", "又是一班，{a}和{b}", "谁把{a}弄坏了",
        "和同事一起庆祝{a}结束",
    ),
    "school": (
        "和{a}待了三个小时", "今天{a}，明天{b}", "我们班熬过了{a}", "还在想{a}和{b}", "因为{b}差点错过{a}",
        "{a}前的最后一周",
    ),
    "restaurant": (
        "为了{a}点了两次", "{a}配{b}，别的都不要", "这周最好的一顿：{a}", "从周一开始就惦记{a}", "为{a}抢起来了",
        "冲着{a}来，为{b}留下",
    ),
    "shopping": (
        "本来买袜子，结果是{a}", "在{a}和{b}之间迷路了", "发工资就去{a}", "围着{a}逛了两小时", "钱包在{a}面前哭了",
        "在{a}后面发现了{b}",
    ),
}
ASIDES_EN = (
    "my cousin {n} would love this", "weather was kind for once", "forgot my umbrella again",
    "phone at {k} percent", "{n} owes me a drink", "should have brought a jacket", "still smiling",
    "took the {k} bus by mistake", "no regrets", "{n} took the pictures", "back here in {k} days",
    "battery low, heart full", "the queue took {k} minutes", "saved you a seat {n}", "my feet hurt",
    "best day since {m}", "ask {n} about it", "sending this to grandma", "who is up for the same in {m}",
    "counted {k} pigeons on the way", "lost one glove", "woke up at {k} past six for it",
    "{n} fell asleep on the way home", "somebody was playing the guitar", "note to self, sleep more",
    "coffee number {k}", "promised {n} to come again in {m}", "wind nearly took my hat",
)
ASIDES_ZH = (
    "{n}一定会喜欢", "今天天气真给力", "又忘了带伞", "手机只剩百分之{k}", "{n}还欠我一杯奶茶", "早知道多穿一件",
    "到现在还在笑", "坐错了{k}路公交", "完全不后悔", "照片是{n}拍的", "{k}天以后还来", "排队排了{k}分钟",
    "给{n}留了位置", "脚好疼", "{m}以来最开心的一天", "详情请问{n}", "发给外婆看看", "{m}有没有人一起再来",
    "路上数了{k}只鸽子", "丢了一只手套", "六点{k}分就起床了", "{n}在回家路上睡着了", "旁边有人在弹吉他",
    "提醒自己早点睡", "今天第{k}杯咖啡", "答应{n}{m}再来", "帽子差点被风吹走",
)
IDLE_EN = (
    "just finished season {k} of that show, no spoilers {n}", "new phone, who is this",
    "missing {n} a lot tonight", "why is monday always so long", "my cat has {k} opinions about my music",
    "happy birthday {n}, have a great one", "thinking about dyeing my hair in {m}", "need a nap and a hug",
    "old song on repeat, {k} times so far", "my horoscope for {m} is suspicious", "playlist of {m} is ready",
    "{n} and I both caught a cold", "the plot twist got me", "quit sugar for {k} days, cranky",
    "remember {m}? me neither", "learning to knit, row {k}",
)
IDLE_ZH = (
    "刚追完第{k}集，{n}别剧透", "换了新手机", "今晚好想{n}", "为什么星期一这么长", "我家猫对我的歌单有{k}个意见",
    "祝{n}生日快乐", "{m}想去染头发", "需要睡觉和抱抱", "老歌循环了{k}遍", "{m}的星座运势很可疑",
    "{m}的歌单整理好了", "{n}和我都感冒了", "结局完全没想到", "戒糖第{k}天，暴躁", "学织围巾，第{k}行",
)
NAMES_EN = (
    "Lily", "Tom", "Ada", "Kai", "Mona", "Ben", "Ivy", "Leo", "Nora", "Sam", "Zoe", "Finn",
)
NAMES_ZH = (
    "小林", "阿明", "朵朵", "老王", "佳佳", "大宝", "阿雯", "小鱼", "浩子", "糖糖", "表姐", "室友",
)
MONTHS_EN = (
    "January", "March", "April", "May", "July", "August", "October", "November",
)
MONTHS_ZH = (
    "一月", "三月", "四月", "五月", "七月", "八月", "十月", "冬天",
)
STARTS_EN = (
    "", "", "", "ok so ", "update: ", "well, ", "today: ", "guess what, ", "honestly ", "day off! ",
)
STARTS_ZH = (
    "", "", "", "今天", "报告：", "话说", "猜猜看，", "嗯，", "难得休息，", "小记：",
)
STOPS_EN = (
    ".", "!", "", "...", " :)", "!!", " 😊", " 🙈",
)
STOPS_ZH = (
    "。", "！", "～", "……", "", "哈哈", "😊", "🙈",
)

SLANG_EN = {
    "you": "u", "are": "r", "because": "cuz", "love": "luv", "tonight": "2nite", "before": "b4", "really": "rly",
    "and": "n", "so": "sooo", "thanks": "thx", "the": "da", "with": "w/", "this": "dis", "my": "mah", "for": "4",
    "to": "2",
}
SLANG_ZH = {
    "喜欢": "稀饭", "真": "尊嘟", "太美": "绝绝子", "什么": "神马", "没有": "木有", "这么": "介么", "好": "炒鸡",
    "同学": "童鞋", "朋友": "盆友", "我": "偶", "不": "布", "老板": "boss", "开心": "嗨森", "完全": "完完全全",
}
SLANG_END_EN = (
    " lol", " fr fr", " no cap", " lowkey", " smh", " imo",
)
SLANG_END_ZH = (
    "yyds", "绝了", "hhh", "xswl", "栓Q", "破防了",
)
SOUNDS_ALIKE = {
    "的": "地", "在": "再", "那": "哪", "到": "道", "了": "乐", "和": "合", "又": "有", "点": "店", "是": "事",
    "里": "理", "过": "国", "下": "吓", "上": "尚", "后": "候", "小": "晓", "一": "伊", "海": "嗨", "面": "免",
    "天": "添", "来": "莱",
}
MARKUP = (
    " http://t.cn/{x}", " https://example.org/{x}", " @user_{x}", "[doge]", "[smile]", " //@friend_{x}: same here",
)
# fmt: on
