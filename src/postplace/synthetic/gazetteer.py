"""The invented city: its twelve places and the words that people use at each. The city lies in the open sea.

Everything here is data. `EN` and `ZH` fields hold words in English and in Chinese.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

CENTRE = (29.2000, 123.4000)  # degrees WGS84
KM_PER_DEGREE = 111.195
KM_PER_DEGREE_EAST = KM_PER_DEGREE * math.cos(math.radians(CENTRE[0]))


@dataclass(frozen=True, slots=True)
class Site:
    """A place of the city. `east_km` and `north_km` are its offsets from the centre; `scene` names its landmark."""

    name: str
    chinese_name: str
    aliases: tuple[str, ...]
    category: str
    east_km: float
    north_km: float
    scene: str
    en: tuple[str, ...]
    zh: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def latitude(self) -> float:
        """Degrees."""
        return round(CENTRE[0] + self.north_km / KM_PER_DEGREE, 6)

    @property
    def longitude(self) -> float:
        """Degrees."""
        return round(CENTRE[1] + self.east_km / KM_PER_DEGREE_EAST, 6)


def _list(words: str) -> tuple[str, ...]:
    return tuple(words.split(", "))


# fmt: off
SITES = (
    Site("Heron Tower", "白鹭塔", ("heron lookout", "白鹭电视塔"), "travel", 0.4, 0.3, "tower",
        _list("the glass floor, the observation deck, the big telescope, the pink spheres, "
              "the ear-popping elevator, the sky bar, the spire, the revolving lounge, the souvenir coins, "
              "all those rooftops"),
        _list("玻璃栈道, 观景台, 望远镜, 粉色的球, 高速电梯, 云端酒吧, 塔尖, 旋转餐厅, 纪念币, 满城的屋顶"),
        _list("skydeck, glassfloor, cityfromabove, 云端观景, 登高望远, 城市天际线")),
    Site("Cape Lighthouse", "望角灯塔", ("the cape light", "望角"), "travel", 5.2, -3.1, "lighthouse",
        _list("the red and white stripes, the lamp room, the spiral stairs, the rocks, the seagulls, "
              "the fog horn, the keeper's hut, the salty wind, the big waves, the tide pools"),
        _list("红白条纹, 灯室, 旋转楼梯, 礁石, 海鸥, 雾号, 守塔人小屋, 咸咸的海风, 大浪, 潮池"),
        _list("seabreeze, wavesandrocks, seagulls, 看海, 海风, 礁石")),
    Site("Cedar Court", "雪松苑", ("cedar flats", "雪松小区"), "home", -2.6, 1.9, "apartments",
        _list("the balcony, the noisy lift, the upstairs neighbours, the laundry line, the parcel lockers, "
              "the basement garage, the rooftop view, the 18th floor, the potted cactus, the tiny kitchen"),
        _list("阳台, 电梯, 楼上邻居, 晾衣杆, 快递柜, 地下车库, 顶楼夜景, 十八楼, 仙人掌, 小厨房"),
        _list("balconylife, highrise, flatmates, 阳台生活, 高层, 快递柜")),
    Site("Lotus Village", "荷塘里", ("lotus lanes", "荷塘新村"), "home", -4.4, -2.8, "houses",
        _list("the front yard, the vegetable patch, the garden gate, the barking dog, the red roofs, "
              "the mail box, the old well, the porch swing, the neighbour's rooster, the picket fence"),
        _list("前院, 菜地, 院门, 大黄狗, 红屋顶, 信箱, 老井, 门廊秋千, 邻居家的公鸡, 篱笆"),
        _list("frontyard, growyourown, redroofs, 小院, 种菜, 田园生活")),
    Site("Kite Tech Park", "风筝科技园", ("kite park", "风筝园区"), "work", 1.9, 3.6, "offices",
        _list("the stand-up, the sprint review, the skybridge, the meeting room, the espresso machine, "
              "the server alarm, the whiteboard, the code freeze, the badge gate, the bean bags"),
        _list("晨会, 迭代评审, 空中连廊, 会议室, 咖啡机, 服务器报警, 白板, 封版, 门禁卡, 懒人沙发"),
        _list("sprint, skybridge, startup, 写代码, 迭代, 工位")),
    Site("East Dock", "东坞港区", ("east quay", "东坞码头"), "work", 4.1, 1.7, "docks",
        _list("the gantry crane, the container yard, the night shift, the cargo ship, the forklift, "
              "the hard hat, the customs papers, the mooring ropes, the reefer boxes, the weighbridge"),
        _list("龙门吊, 集装箱堆场, 夜班, 货轮, 叉车, 安全帽, 报关单, 缆绳, 冷藏箱, 地磅"),
        _list("gantry, cargo, dockers, 集装箱, 货轮, 码头工人")),
    Site("Maple University", "枫林大学", ("maple uni", "枫大"), "school", -1.4, 4.3, "university",
        _list("the library, the lecture hall, the clock tower, the thesis draft, the dorm, the lab report, "
              "the red leaves, the professor's slides, the graduation gown, the debate club"),
        _list("图书馆, 阶梯教室, 钟楼, 论文初稿, 宿舍, 实验报告, 红叶, 教授的课件, 学士服, 辩论社"),
        _list("campus, thesis, studentlife, 图书馆, 论文, 大学生活")),
    Site("Bluebell School", "蓝铃中学", ("bluebell middle school", "蓝铃"), "school", -3.2, -0.6, "school",
        _list("the running track, the flag ceremony, the class photo, the school bell, the spelling test, "
              "the school bus, the homework pile, the sports day, the chalk dust, the head teacher"),
        _list("跑道, 升旗仪式, 班级合影, 上课铃, 听写, 校车, 作业, 运动会, 粉笔灰, 班主任"),
        _list("sportsday, homework, classphoto, 运动会, 升旗, 班主任")),
    Site("Rain Teahouse", "听雨楼", ("the rain house", "听雨茶楼"), "restaurant", 0.9, -1.6, "teahouse",
        _list("the oolong, the steamed dumplings, the carved windows, the pond, the storyteller, "
              "the green tiles, the egg tarts, the bamboo baskets, the zither player, the chrysanthemum tea"),
        _list("乌龙茶, 虾饺, 雕花窗, 池塘, 说书人, 绿瓦, 蛋挞, 竹蒸笼, 古筝, 菊花茶"),
        _list("oolong, dimsum, teatime, 喝茶, 早茶, 听曲")),
    Site("Noodle Lane", "长面巷", ("noodle street", "面巷"), "restaurant", -0.7, -0.5, "lane",
        _list("the hand-pulled noodles, the beef broth, the chilli oil, the striped awnings, the tiny stools, "
              "the red lanterns, the fried dough sticks, the pickled greens, the long queue, the steam"),
        _list("拉面, 牛肉汤, 辣椒油, 条纹雨棚, 小板凳, 红灯笼, 油条, 酸菜, 长队, 热气"),
        _list("noodles, beefbroth, slurp, 拉面, 嗦面, 牛肉汤")),
    Site("Prism Mall", "棱镜广场", ("the prism", "棱镜商场"), "shopping", 2.3, -0.9, "mall",
        _list("the rainbow roof, the sneaker store, the ice rink, the escalators, the perfume counter, "
              "the seasonal sale, the food court, the fitting room, the gift cards, the toy shop"),
        _list("彩虹屋顶, 球鞋店, 溜冰场, 扶梯, 香水柜台, 换季打折, 美食广场, 试衣间, 礼品卡, 玩具店"),
        _list("rainbowroof, sneakers, icerink, 换季, 溜冰, 球鞋")),
    Site("Star Market", "星河夜市", ("star bazaar", "星河"), "shopping", -1.9, -4.0, "market",
        _list("the fairy lights, the second-hand records, the squid skewers, the phone cases, the ring toss, "
              "the sugar paintings, the bargain bin, the handmade earrings, the goldfish stall, the vintage denim"),
        _list("小彩灯, 二手唱片, 烤鱿鱼, 手机壳, 套圈, 糖画, 捡漏, 手工耳环, 捞金鱼, 古着牛仔"),
        _list("fairylights, bargain, thrifted, 夜市, 套圈, 淘货")),
)
# fmt: on

CATEGORY_HOURS = {
    "travel": (9, 10, 11, 14, 15, 16, 17, 18, 19, 20),
    "home": (7, 8, 19, 20, 21, 22, 23),
    "work": (8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 20),
    "school": (8, 9, 10, 11, 13, 14, 15, 16),
    "restaurant": (8, 11, 12, 13, 17, 18, 19, 20),
    "shopping": (11, 14, 15, 16, 17, 18, 19, 20, 21),
}
CATEGORY_TAGS = {
    "travel": _list("sightseeing, daytrip, 旅行, 打卡"),
    "home": _list("homesweethome, cosy, 宅家, 回家"),
    "work": _list("worklife, overtime, 打工人, 加班"),
    "school": _list("study, exams, 学习, 考试"),
    "restaurant": _list("foodie, yum, 美食, 吃货"),
    "shopping": _list("haul, shopping, 逛街, 买买买"),
}
GENERIC_TAGS = _list(
    "love, instagood, photooftheday, happy, mood, weekend, friends, nofilter, tbt, "
    "日常, 心情, 今日份快乐, 随手拍, 周末, 记录生活, 朋友"
)


def sites(number: int) -> tuple[Site, ...]:
    """The first `number` places; beyond twelve, districts of the same kind a few km away with words of their own."""
    found = list(SITES[:number])
    compass = (("North", "北", 2.1, 4.9), ("South", "南", -1.2, -5.1), ("West", "西", -5.3, 1.4))
    for index in range(len(SITES), number):
        site, (word, chinese, east, north) = SITES[index % 12], compass[index // 12 - 1]
        found.append(
            Site(
                f"{word} {site.name}", chinese + site.chinese_name,
                tuple(f"{word.lower()} {alias}" if alias.isascii() else chinese + alias for alias in site.aliases),
                site.category, round(site.east_km * 0.3 + east, 2), round(site.north_km * 0.3 + north, 2), site.scene,
                tuple(f"the {word.lower()}side {phrase.removeprefix('the ')}" for phrase in site.en),
                tuple(chinese + "边的" + phrase for phrase in site.zh),
                tuple(f"{word.lower()}{tag}" if tag.isascii() else chinese + tag for tag in site.tags),
            )
        )  # fmt: skip
    return tuple(found)
