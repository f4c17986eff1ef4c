"""What two addresses say differently keeps them apart; what one of them leaves out does not."""

import pytest

from headwater.parameters.places import PlaceParams

from .shared import labels, parsed

Said = str | dict[str, str | None]


def in_fields(street: str, city: str | None = None, **more: str) -> dict[str, str | None]:
    return {"street": street, "city": city, **more}


def are_one(*rows: Said, params: PlaceParams | None = None) -> bool:
    got = labels(*rows, params=params or PlaceParams())
    return None not in got and len(set(got)) == 1


APART = {
    "state, one without postcode": (
        "100 Main St Apt 5, Springfield, IL",
        "100 Main St Apt 5, Springfield, MA 01103",
    ),
    "state in fields": (
        in_fields("100 Main St", "Springfield", region="IL", country="US"),
        in_fields("100 Main St", "Springfield", region="MA", postcode="01103", country="US"),
    ),
    "state, by the postcode alone": (
        in_fields("100 Main St", "Springfield", region="IL", country="US"),
        in_fields("100 Main St", "Springfield", postcode="01103", country="US"),
    ),
    "province, by the postcode alone": ("山东省济宁市人民路10号", "江苏省济宁市人民路10号 215000"),
    "town and state": ("100 Main St, Clinton, IA", "100 Main St, Clifton, NJ 07013"),
    "another town of the state": ("100 Main St, Clinton, NJ", "100 Main St, Clifton, NJ 07013"),
    "a state without a table": (
        in_fields("Av. Juárez 10", "Guadalupe", region="Nuevo León", country="MX"),
        in_fields("Av. Juárez 10", "Guadalupe", region="Zacatecas", country="MX"),
    ),
    "a region of a country without regions": (
        in_fields("Calle 5", "San José", region="Cartago", country="CR"),
        in_fields("Calle 5", "San José", region="Heredia", country="CR"),
    ),
    "states in a text": (
        "Av. Juárez 10, Guadalupe, Nuevo León, México",
        "Av. Juárez 10, Guadalupe, Zacatecas, México",
    ),
    "a town's river": (
        in_fields("Bahnhofstr. 5", "Frankfurt (Main)", country="DE"),
        in_fields("Bahnhofstr. 5", "Frankfurt (Oder)", country="DE"),
    ),
    "a town's river in words": (
        in_fields("Bahnhofstr. 5", "Frankfurt am Main", country="DE"),
        in_fields("Bahnhofstr. 5", "Frankfurt an der Oder", country="DE"),
    ),
    "a town's river in a text": (
        "Bahnhofstr. 5, 60311 Frankfurt am Main, Deutschland",
        "Bahnhofstr. 5, Frankfurt an der Oder, Deutschland",
    ),
    "a second part of the city": (
        "Av. Juárez 10, Col. Centro, Benito Juárez, Ciudad de México, México",
        "Av. Juárez 10, Col. Centro, Iztapalapa, Ciudad de México, México",
    ),
    "house number after a sign": ("Calle 71 # 21-35, Bogotá, Colombia", "Calle 71 # 21-37, Bogotá, Colombia"),
    "house number after a sign and before a door": (
        in_fields("Calle Roble #71, Local 21", "Guadalajara", postcode="44226", country="MX"),
        in_fields("Calle Roble #85, Local 21", "Guadalajara", postcode="44226", country="MX"),
    ),
    "doors of a house whose number has a sign": (
        "Calle Roble #71 Int. 4, 44226 Guadalajara, México",
        "Calle Roble #71 Int. 5, 44226 Guadalajara, México",
    ),
    "doors of a street without a number": (
        "Calle Roble, Local 21, 44226 Guadalajara, México",
        "Calle Roble, Local 22, 44226 Guadalajara, México",
    ),
    "door by a code": ("C/ Mayor 5, 2º B, 28013 Madrid", "C/ Mayor 5, 3º A, 28013 Madrid"),
    "floor in Turkish": ("Gül Cad. No:5 Kat:2, Istanbul", "Gül Cad. No:5 Kat:3, Istanbul"),
    "court before a street": ("Rosewood Court, 12 High Street, Leeds", "Ashwood Court, 12 High Street, Leeds"),
    "office of a plaza": ("Office 302, Al Fattan Plaza, Dubai, UAE", "Office 303, Al Fattan Plaza, Dubai, UAE"),
    "building and entrance": (
        "深圳市福田区建设路10号3栋2单元501室",
        "深圳市福田区建设路10号2栋3单元501室",
    ),
    "phase and block": (
        "Phase 2, Block 3, Room 5, 10 Jianshe Road, Shenzhen",
        "Phase 3, Block 2, Room 5, 10 Jianshe Road, Shenzhen",
    ),
    "tower and block": ("Tower 2, Block 3, 10 High Street, Leeds", "Tower 3, Block 2, 10 High Street, Leeds"),
    "unit and room": ("Unit 2, Room 7, 10 High Street, Leeds", "Unit 7, Room 2, 10 High Street, Leeds"),
    "county": ("温州市苍南县建设路10号302室", "温州市平阳县建设路10号302室"),
    "district": ("深圳市福田区人民路10号302室", "深圳市龙华区人民路10号302室"),
    "district, one postcode for all": (
        "深圳市福田区人民路10号302室 518000",
        "深圳市龙华区人民路10号302室 518000",
    ),
    "district in Latin": (
        "Room 302, 10 Renmin Road, Futian District, Shenzhen, China",
        "Room 302, 10 Renmin Road, Longhua District, Shenzhen, China",
    ),
    "district in two scripts": (
        "深圳市福田区人民路10号302室",
        "Room 302, 10 Renmin Road, Longhua, Shenzhen, China",
    ),
    "district before flower": ("广州市花都区建设路10号", "广州市白云区建设路10号"),
    "township": ("东莞市虎门镇建设路10号", "东莞市长安镇建设路10号"),
    "town within a prefecture": ("浙江省金华市义乌市建设路10号", "浙江省金华市永康市建设路10号"),
    "one reading, two streets": ("上海市山西南路100号302室", "上海市陕西南路100号302室"),
    "one reading, two towns": ("苏州市人民路10号", "宿州市人民路10号"),
    "one reading, two provinces": ("山西省大同市人民路10号", "陕西省大同市人民路10号"),
    "zone": (
        "Stall 12, Zone A, 88 Chouzhou Road, Yiwu",
        "Stall 12, Zone B, 88 Chouzhou Road, Yiwu",
    ),
    "zone before its word": (
        "Stall 12, A Zone, 88 Chouzhou Road, Yiwu",
        "Stall 12, B Zone, 88 Chouzhou Road, Yiwu",
    ),
    "row": ("Stall 12, Row C, 88 Chouzhou Road, Yiwu", "Stall 12, Row D, 88 Chouzhou Road, Yiwu"),
    "gate": ("Stall 12, Gate 3, 88 Chouzhou Road, Yiwu", "Stall 12, Gate 5, 88 Chouzhou Road, Yiwu"),
    "numbered district of a market": (
        "Booth 12345, District 1, International Trade City, Yiwu",
        "Booth 12345, District 2, International Trade City, Yiwu",
    ),
    "zone in Han": ("广州市环市西路57号A区12档", "广州市环市西路57号B区12档"),
    "row in Han": ("广州市环市西路57号A排12档", "广州市环市西路57号B排12档"),
    "gate in Han": ("广州市环市西路57号3号门12档", "广州市环市西路57号5号门12档"),
    "phase in Han": ("广州市环市西路57号一期12档", "广州市环市西路57号二期12档"),
    "hall in Han": ("广州市环市西路57号3号馆12档", "广州市环市西路57号5号馆12档"),
    "named building": (
        "Unit 5, Alpha House, 10 High Street, Leeds, LS1 4AB",
        "Unit 5, Beta House, 10 High Street, Leeds, LS1 4AB",
    ),
    "named building in Han": ("深圳市福田区建设路10号赛格广场5楼", "深圳市福田区建设路10号华强广场5楼"),
    "shop and flat": ("Shop 5, 10 High Street, Leeds", "Flat 5, 10 High Street, Leeds"),
    "floor and flat": ("3rd Floor, 10 High Street, Leeds", "Apt 3F, 10 High Street, Leeds"),
    "estate": ("深圳市同富裕工业区北路5号", "深圳市福前工业区北路5号"),
    "estate without a street": ("东莞市虎门镇怀德工业区3栋", "东莞市虎门镇路东工业区3栋"),
    "building of an estate": ("东莞市虎门镇怀德工业区3栋", "东莞市虎门镇怀德工业区4栋"),
    "village": ("深圳市福田区皇岗村10号", "深圳市福田区岗厦村10号"),
    "stall of a market hall": ("义乌国际商贸城一区3楼12345号", "义乌国际商贸城二区3楼12345号"),
    "ward": ("新宿区歌舞伎町1-4-1", "渋谷区歌舞伎町1-4-1"),
    "directions in Han": ("上海市人民路10号", "上海市人民北路10号"),
    "directions of a syllabic name": ("10 Renmin Road, Shanghai, China", "10 Renmin North Road, Shanghai, China"),
    "syllables in a city of China": ("10 Jianshe Road, Shenzhen", "10 Jianhe Road, Shenzhen"),
    "district of two digits": ("郑州市二七区大学路10号", "郑州市金水区大学路10号"),
    "a hall by an unknown word": ("Pavilion 3, 10 High Street, Leeds, UK", "Pavilion 4, 10 High Street, Leeds, UK"),
    "sector": ("Shop 6, Sector 17, 10 MG Road, Mumbai, India", "Shop 6, Sector 18, 10 MG Road, Mumbai, India"),
    "chambers": ("Alpha Chambers, 10 High Street, Leeds", "Beta Chambers, 10 High Street, Leeds"),
    "flat in Turkish": ("Gül Cad. No:5 Daire 5, Istanbul", "Gül Cad. No:5 Daire 6, Istanbul"),
    "flat in Turkish, shortened": ("Gül Cad. No:5 D:5, Istanbul", "Gül Cad. No:5 D:6, Istanbul"),
    "korpus and stroenie": ("ул. Ленина, д. 5, корп. 2, Москва", "ул. Ленина, д. 5, стр. 2, Москва"),
    "second code in Han": ("深圳市福田区建设路10号302室A1", "深圳市福田区建设路10号302室A2"),
    "section of a street": ("台北市信義區信義路五段7號", "台北市信義區信義路四段7號"),
    "section left out": ("台北市信義區信義路五段7號", "台北市信義區信義路7號"),
    "half of a floor": ("台北市大安區忠孝東路四段100號5樓之2", "台北市大安區忠孝東路四段100號5樓之3"),
    "half of a house": ("台北市大安區忠孝東路四段100號之2", "台北市大安區忠孝東路四段100號之3"),
    "rear and front": ("100 Main St Rear, Springfield, IL 62701", "100 Main St Front, Springfield, IL 62701"),
}


@pytest.mark.parametrize("rows", APART.values(), ids=APART.keys())
def test_what_is_said_differently_stays_apart(rows: tuple[Said, Said]) -> None:
    got = labels(*rows)
    assert None not in got
    assert got[0] != got[1]


MIXED_TOWN = {"city": "Springfield", "country": "US"}
ONE = {
    "a sign before the house number or none, the door first or last": (
        "Calle Roble #71, Local 21, 44226 Guadalajara, México",
        "Calle Roble 71, Local 21, 44226 Guadalajara, México",
        "Local 21, Calle Roble # 71, 44226 Guadalajara, México",
    ),
    "district left out": ("深圳市福田区人民路10号302室", "深圳市人民路10号302室", "广东省深圳市福田区人民路10号302室"),
    "district in two scripts": (
        "深圳市福田区人民路10号302室",
        "Room 302, 10 Renmin Road, Futian District, Shenzhen, China",
        "Room 302, 10 Renmin Road, Futian, Shenzhen, China",
    ),
    "blocks in any order": (
        "深圳市福田区建设路10号3栋2单元501室",
        "Room 501, Unit 2, Building 3, 10 Jianshe Road, Futian, Shenzhen, China",
        "Building 3, Unit 2, Room 501, 10 Jianshe Road, Futian, Shenzhen, China",
    ),
    "phase and block in any order": (
        "Phase 2, Block 3, Room 5, 10 Jianshe Road, Shenzhen",
        "10 Jianshe Road, Room 5, Block 3, Phase 2, Shenzhen",
        "10 Jianshe Road, Tower 3, 2nd Phase, Unit 5, Shenzhen",
    ),
    "traditional characters": ("廣東省深圳市福田區華強北路1002號3樓", "广东省深圳市福田区华强北路1002号3楼"),
    "Chinese and Latin": (
        "广东省深圳市福田区华强北路1002号3楼3C12室",
        "Room 3C12, 3/F, No. 1002 Huaqiang North Road, Futian, Shenzhen, Guangdong, China",
    ),
    "zone and stall in any order": (
        "Stall 12, Zone A, 88 Chouzhou Road, Yiwu",
        "88 Chouzhou Rd., A Zone, Booth 12, Yiwu",
    ),
    "a stall by any word": ("Stall 12, 88 Chouzhou Road, Yiwu", "Unit 12, 88 Chouzhou Road, Yiwu"),
    "a flat by any word": ("Apt 12, 88 High Street, Leeds", "Unit 12, 88 High Street, Leeds"),
    "named building left out": (
        "Unit 5, Alpha House, 10 High Street, Leeds, LS1 4AB",
        "Unit 5, 10 High Street, Leeds, LS1 4AB",
    ),
    "state left out": (
        in_fields("100 Main St", **MIXED_TOWN, region="IL"),
        in_fields("100 Main St", **MIXED_TOWN),
        in_fields("100 Main St", **MIXED_TOWN, postcode="62701"),
    ),
    "a town's river": (
        in_fields("Bahnhofstr. 5", "Frankfurt (Main)", country="DE"),
        in_fields("Bahnhofstraße 5", "Frankfurt am Main", country="DE"),
        in_fields("Bahnhofstr. 5", "Frankfurt/Main", country="DE"),
        in_fields("Bahnhofstr. 5", "Frankfurt", country="DE"),
    ),
    "town of a prefecture": ("浙江省金华市义乌市建设路10号", "浙江省义乌市建设路10号", "义乌建设路10号"),
    "province of an estate": ("东莞市虎门镇怀德工业区3栋", "广东省东莞市虎门镇怀德工业区3栋", "东莞市怀德工业区3栋"),
    "stall of a market hall": ("义乌国际商贸城一区3楼12345号", "浙江省义乌市国际商贸城1区3楼12345号"),
    "who writes": (
        "深圳市华强电子有限公司,深圳市福田区华强北路1002号",
        "深圳市福田区华强北路1002号",
        "华南贸易有限公司,广东省深圳市福田区华强北路1002号",
    ),
    "where to look": (
        "10 MG Road, Opp. Station, Mumbai, India",
        "10 MG Road, near the temple, Mumbai, India",
        in_fields("10 MG Road opposite the station", "Mumbai", country="IN"),
    ),
    "city said twice": (
        in_fields("100 Main St, Springfield", "Springfield", postcode="62701", country="US"),
        in_fields("100 Main St, Downtown", "Springfield", postcode="62701", country="US"),
    ),
    "district in the field of the city": (
        in_fields("人民路10号", "深圳市福田区"),
        in_fields("福田区人民路10号", "深圳"),
    ),
}


@pytest.mark.parametrize("rows", ONE.values(), ids=ONE.keys())
def test_what_one_of_them_leaves_out_does_not_keep_them_apart(rows: tuple[Said, ...]) -> None:
    assert are_one(*rows)


def test_what_is_left_out_stays_open_where_two_would_fit() -> None:
    futian, longhua, neither = "深圳市福田区人民路10号", "深圳市龙华区人民路10号", "深圳市人民路10号"
    assert len(set(labels(futian, longhua, neither))) == 3
    shop, flat, unit = (f"{word} 5, 10 High Street, Leeds" for word in ("Shop", "Flat", "Unit"))
    assert len(set(labels(shop, flat, unit))) == 3


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("东莞市虎门镇怀德工业区3栋", "building"),
        ("义乌国际商贸城一区3楼12345号", "unit"),
        ("新宿区歌舞伎町1-4-1", "building"),
        ("深圳市福田区皇岗村10号", "building"),
        ("深圳市福田区皇岗村", "building"),
        ("深圳市福田区", "city"),
        ("东莞市虎门镇", "city"),
        ("福田区", "city"),
    ],
)
def test_an_estate_or_a_village_is_a_place_and_a_district_is_an_area(text: str, level: str) -> None:
    got = parsed(text)
    assert got.level == level
    assert got.city or got.district
