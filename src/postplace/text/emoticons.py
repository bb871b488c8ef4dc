"""Weibo's bracketed emoticons by name. What stands in brackets and is none of them, `[Louvre]`, is a word."""

from __future__ import annotations

import re

# Those of the panel, then those of seasons and campaigns, those that were withdrawn and stand in older posts, and what
# WeChat calls some of them in English: texts are posted to both.
_NAMES = """
微笑 可爱 太开心 鼓掌 嘻嘻 哈哈 笑cry 挤眼 馋嘴 黑线 汗 挖鼻 哼 怒 委屈 可怜 失望 悲伤 泪 允悲 苦涩 害羞 污 爱你
亲亲 抱一抱 色 舔屏 憧憬 酷 坏笑 阴险 偷笑 思考 疑问 晕 傻眼 衰 骷髅 嘘 闭嘴 吃惊 感冒 生病 吐 拜拜 鄙视 白眼 左哼哼
右哼哼 抓狂 怒骂 打脸 顶 互粉 钱 哈欠 困 睡 哇 吃瓜 doge 二哈 喵喵 喵 酸 裂开 融化 举手 揣手 赢牛奶 求饶 费解
并不简单 摊手 跪了 给力 good 赞 耶 作揖 拳头 弱 来 ok no haha 握手 加油 打call 给你小心心 中国赞 心 伤心 心碎 爱心
比心 米奇比心 手掌 抱抱 威武 奥特曼 兔子 熊猫 猪头 草泥马 单身狗 旺柴 鲜花 玫瑰 凋谢 送花花 太阳 月亮 微风 下雨 雪
雪花 雪人 浮云 沙尘暴 绿丝带 红丝带 蜡烛 蛋糕 咖啡 干杯 啤酒 可乐 雪糕 西瓜 照相机 音乐 话筒 电影 飞机 汽车 礼物 钟
足球 围脖 围观 围裙 喜 囧 发红包 红包 笑而不语 羞嗒嗒 嘿哈 奸笑 捂脸 机智 皱眉 茶 跳跳 转圈 怄火 磕头 回头 跳绳 投降
激动 乱舞 献吻 左太极 右太极 呲牙 大哭 尴尬 发怒 调皮 惊讶 得意 流泪 撇嘴 发呆 难过 冷汗 偷乐 愉快 傲慢 饥饿 惊恐
流汗 憨笑 悠闲 奋斗 咒骂 疯了 敲打 再见 擦汗 抠鼻 糗大了 快哭了 吓 菜刀 嘴唇 示爱 闪电 炸弹 刀 瓢虫 便便 拥抱 强
胜利 抱拳 勾引 爱情 飞吻 发抖 悠嘻 破涕为笑 脸红 恐惧 无语 嘿嘿 吃 哦 社会社会 天啊 emm 加油加油 翻白眼 合十 叹气
苦笑 好的 666 叹号 咧嘴 叹息 嘻哈 awsl 彩虹屁 泪流满面 捂嘴 自抱 收到 憨 浪 你懂的 我是瓜王 锦鲤附体 锦鲤 许愿
许愿星 心相印 烟花 鞭炮 发 福 福到啦 新年快乐 拜年 拜年了 元宵节 粽子 月饼 嫦娥 玉兔捣药 月亮代表我的心
国庆过得真快乐 欢度国庆 国旗 国庆 十一 中秋快乐 中秋 开学 开学季 放假 放假啦 上课了 老师好 毕业帽 毕业 报税 交税
儿童节 成人礼 航天员 庆祝 冲刺 举杠铃 丰收了 魔法信件 服务铃 单身青蛙 布朗熊 可妮兔 绿马 春游家族 新鲜好柿 薄荷
臻浓牛奶 今日来宠爸 带着微博去旅行 虎爪比心 虎虎生威 炸鸡啤酒 最右 求关注 好喜欢 好爱哦 赞啊 笑哈哈 噢耶 神马 悲催
给劲 被电 崩溃 躁狂症 泪奔 别烦我 不好意思 不想上班 懒得理你 偷看 我爱听歌 相机 鸭梨 省略号 kiss 雷锋 杰克逊
小人得志 得意地笑 推荐 青啤鸿运当头 立志青年 火炬 切克闹 不关我事 运气中 我踩 呀咩爹 顺毛 犯错 摔 禁 睡觉 乞讨 冻上
求红包 瞌睡 魅眼 花心 扑倒 投篮 听歌 紧张 臭美 亲 热 冷 掩面 痴呆 惊喜 男孩儿 女孩儿 小仙女 星星 半星 闪 闪闪灰
闪牙1 转圈哭 做鬼脸 啃西瓜 没听见 肥皂 巨蟹座 照相 新 猫 狗 hold住 织 帅 神兽 互相膜拜 膜拜了 萌 手套 奥运金牌 奖杯
晕菜 蜘蛛侠 蝙蝠侠 钢铁侠 美国队长 黑寡妇 浩克 雷神 蚁人 鹰眼 惊奇队长 格鲁特 火箭浣熊 灭霸 超人 神奇女侠 hei 笑
痴情轩轩 smile grin laugh cry sob shy smirk facepalm thumbsup heart
"""
# Whose emoticons bear their own name before a mood, 米奇飞吻, or a maker's letters, ali转圈.
_SERIES = (
    "米奇 米妮 唐老鸭 哆啦a梦 哆啦梦 小黄人 胡巴 哪吒 弗莱 哎呦熊 胖红 大白 冰雪奇缘 "
    "ali bobo cai din gbz gst ho km lb lt lxhx moc mtjj ppb toto xkl"
)
_TRADITIONAL = str.maketrans(
    "爱泪赞馋并简语转开学师涩发关云乐马单欢游脸红亲叹抠惊讶饥饿难过无怄气猫宠国庆节电绿闪话围织帅兽热冻顺听紧张挤"
    "怜惧猪礼飞鲜鸭机钱钟许愿浓队长侠铃杠饼鸡烟丝骂谢赢举费晕闭拥车蜡烛嘘干胜强疯号锦鲤体虫员税毕业儿弹扑黄梦皱头"
    "来动",
    "愛淚贊饞並簡語轉開學師澀發關雲樂馬單歡遊臉紅親嘆摳驚訝飢餓難過無慪氣貓寵國慶節電綠閃話圍織帥獸熱凍順聽緊張擠"
    "憐懼豬禮飛鮮鴨機錢鐘許願濃隊長俠鈴槓餅雞煙絲罵謝贏舉費暈閉擁車蠟燭噓乾勝強瘋號錦鯉體蟲員稅畢業兒彈撲黃夢皺頭"
    "來動",
)


def _pattern() -> str:
    names, series = set(_NAMES.split()), set(_SERIES.split())
    names |= {name.translate(_TRADITIONAL) for name in names}
    series |= {name.translate(_TRADITIONAL) for name in series}
    listed = "|".join(re.escape(name) for name in sorted(names, key=lambda name: (-len(name), name)))
    return rf"\[(?:{listed}|(?:{'|'.join(sorted(series))})[\u3400-\u9fff]{{1,5}})\]"


EMOTICON = re.compile(_pattern(), re.IGNORECASE)
