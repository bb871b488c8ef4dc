"""Names of classes that say where somebody lives, and of those that only sound like it."""

from __future__ import annotations

import pytest

from postplace.server.sensitive_places import is_home

HOMES = """
Home | home (private) | ＨＯＭＥ | Home sweet home | My home | Residential Building (Apartment / Condo)
Housing Development
House | My House | my_house | Our house | Mom's House | Mom’s house | moms house | Parents' House | Grandma's place
new house | Anna's new flat | Flat | My flat | the flat | At my place | Our place | Tom's place | my bedroom
My room | Villa
My house party | Family house | Private house | Dormitory | student dorms | Townhouse
casa | Mi casa | en casa | Casa mia | a casa | La casa | minha casa | casa de la abuela | hogar | mi piso
Meu apartamento
maison | Ma maison | à la maison | chez moi | Chez nous | appartement | Résidence étudiante
Haus | mein Haus | zuhause | Zu Hause | daheim | bei mir | Meine Wohnung | Studentenwohnheim | Elternhaus
thuis | mijn huis | Mój dom | evim | rumah | rumah saya | nhà | घर | บ้าน | بيت
дом | Мой дом | дома | квартира | Родительский дом | жилой дом | у бабушки дома
家 | 我家 | 我的家 | 我们家 | 我家楼下 | 家里 | 回家 | 妈妈的家 | 奶奶家 | 家庭 | 别墅 | 海边别墅 | 別墅 | 住宅
住宅区 | 小区 | 学生宿舍
自宅 | 実家 | 我が家 | 私の家 | おうち | アパート | マンション | 집 | 우리 집 | 우리집 | 아파트 | 기숙사 | 엄마 집
"""
NONE = """
House of Blues | White House | The White House | Opera House | Sydney Opera House | Coffee House | Customs House
Full House
Villa Borghese | Casa Batlló | Casa Loma | Casa Rosada | Maison Blanche | La Maison du Chocolat | Haus der Kunst
Rathaus
Kölner Dom | Dom | Kaufhaus | Dom Tower | Flatiron Building | Palace | Place de la Concorde | Market Place | Garden
Bedroom
Warehouse | Lighthouse | Greenhouse | Homer Street | Disney's Hollywood Studios | Macy's | McDonald's
Central Park
Дом книги | Дом культуры | Домский собор | Rumah Sakit Umum | Rumah Makan Padang | 맛집 | 집현전
国家公园 | 家乐福 | 宜家家居 | 国家博物馆 | 艺术家 | 家具城 | 家电城 | 我的家乡 | 家乡 | 作家书店 | 家園 | 餐厅
Hell's Kitchen | Shakespeare's Globe | work | restaurant | museum | Hotel | school | 29.19, 123.43 | cell 12
café de la gare | Chez Janou | district 4
"""


def names_of(table: str) -> list[str]:
    return [name.strip() for line in table.strip().splitlines() for name in line.split(" | ")]


@pytest.mark.parametrize("name", names_of(HOMES))
def test_a_home_is_known(name: str) -> None:
    assert is_home(name)


@pytest.mark.parametrize("name", names_of(NONE))
def test_what_only_sounds_like_a_home_is_none(name: str) -> None:
    assert not is_home(name)
