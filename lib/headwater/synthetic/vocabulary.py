"""The words of the marketplace: cities and streets (in both scripts), goods, invented brands, names, money.

Brands and people are invented. Cities are real so that addresses look like addresses; guilt is drawn without
regard to them.
"""

from __future__ import annotations

from typing import NamedTuple


def _words(text: str) -> list[str]:
    return text.split()


class Category(NamedTuple):
    name: str
    median_usd: float
    complaint_factor: float  # base rate of the category over that of the marketplace
    weight: float
    safety: bool


CATEGORIES = [
    Category("shoes", 70, 1.3, 14, False),
    Category("handbags", 120, 1.6, 8, False),
    Category("watches", 160, 1.5, 6, False),
    Category("cosmetics", 25, 1.2, 12, True),
    Category("headphones", 55, 1.1, 9, False),
    Category("chargers", 18, 0.9, 12, True),
    Category("toys", 22, 0.6, 11, True),
    Category("clothing", 35, 0.8, 16, False),
    Category("sunglasses", 60, 1.2, 5, False),
    Category("car parts", 48, 0.7, 7, True),
]

# Six invented brands for each category in turn; the factor is the reference price over the category's median.
BRANDS = _words(
    "Nordvik Altero Quenta Solmira Brantis Ovelle Lunaro Castelle Mirabon Verdane Ostrava&Co Pellino "
    "Chronaut Helvar Tempora Aurexa Kinetik Doriane Belavie Rosanne Puraluna Ciretta Velmora Naturelle "
    "Sonarix Audivo Basswell Klarion Echonic Tonalis Voltera Chargeon Ampero Plugwise Fluxon Powerly "
    "Toyanda Brickaro Kidonia Plushy Robolino Gamarra Montrave Alpenna Urbanis Fjellborg Denimor Cottara "
    "Solvista Rayon9 Opticara Shadeley Lumenor Vistara Brakemaster Motorix Filtrano Torquent Autexa Gearlon"
)
BRAND_FACTORS = [2.6, 2.0, 1.5, 1.2, 1.0, 0.8]

CURRENCIES = {"USD": 1.0, "EUR": 1.08, "GBP": 1.27, "CNY": 0.14, "TRY": 0.03}  # US dollars for one unit

# Where goods go: country, weight, language of its buyers.
DESTINATIONS = [
    ("US", 30, "en"), ("GB", 14, "en"), ("DE", 14, "de"), ("FR", 10, "fr"), ("IT", 8, "it"), ("ES", 8, "es"),
    ("TR", 7, "tr"), ("PL", 5, "pl"), ("NL", 3, "en"), ("CN", 1, "zh"),
]  # fmt: skip


class City(NamedTuple):
    name: str
    native: str  # the same in its own script
    region: str
    native_region: str
    country: str
    postcode: str  # its fixed beginning
    supply: float  # weight as a place of suppliers
    demand: float  # weight as a place of shops


CITIES = [
    City("Yiwu", "义乌市", "Zhejiang", "浙江省", "CN", "3220", 8, 3),
    City("Guangzhou", "广州市", "Guangdong", "广东省", "CN", "5100", 8, 4),
    City("Shenzhen", "深圳市", "Guangdong", "广东省", "CN", "5180", 7, 4),
    City("Quanzhou", "泉州市", "Fujian", "福建省", "CN", "3620", 5, 1),
    City("Wenzhou", "温州市", "Zhejiang", "浙江省", "CN", "3250", 5, 1),
    City("Hangzhou", "杭州市", "Zhejiang", "浙江省", "CN", "3100", 4, 3),
    City("Dongguan", "东莞市", "Guangdong", "广东省", "CN", "5230", 4, 1),
    City("Qingdao", "青岛市", "Shandong", "山东省", "CN", "2660", 3, 1),
    City("Istanbul", "İstanbul", "Istanbul", "İstanbul", "TR", "34", 6, 3),
    City("Izmir", "İzmir", "Izmir", "İzmir", "TR", "35", 3, 1),
    City("Bursa", "Bursa", "Bursa", "Bursa", "TR", "16", 2, 1),
    City("Los Angeles", "Los Angeles", "CA", "CA", "US", "900", 3, 6),
    City("Newark", "Newark", "NJ", "NJ", "US", "071", 2, 5),
    City("Houston", "Houston", "TX", "TX", "US", "770", 1, 4),
    City("Chicago", "Chicago", "IL", "IL", "US", "606", 1, 4),
    City("London", "London", "Greater London", "Greater London", "GB", "E1", 2, 7),
    City("Manchester", "Manchester", "Lancashire", "Lancashire", "GB", "M1", 2, 4),
    City("Berlin", "Berlin", "Berlin", "Berlin", "DE", "10", 2, 5),
    City("Hamburg", "Hamburg", "Hamburg", "Hamburg", "DE", "20", 2, 4),
    City("Cologne", "Köln", "North Rhine-Westphalia", "Nordrhein-Westfalen", "DE", "50", 1, 3),
    City("Milan", "Milano", "Lombardy", "Lombardia", "IT", "201", 3, 4),
    City("Naples", "Napoli", "Campania", "Campania", "IT", "801", 3, 2),
    City("Paris", "Paris", "Ile-de-France", "Île-de-France", "FR", "750", 2, 5),
    City("Valencia", "València", "Valencia", "València", "ES", "460", 2, 3),
    City("Madrid", "Madrid", "Madrid", "Madrid", "ES", "280", 1, 3),
    City("Warsaw", "Warszawa", "Mazovia", "Mazowieckie", "PL", "00-", 2, 3),
    City("Lodz", "Łódź", "Lodz", "Łódzkie", "PL", "90-", 2, 2),
    City("Rotterdam", "Rotterdam", "South Holland", "Zuid-Holland", "NL", "30", 2, 2),
]

_WESTERN = {
    "TR": "Atatürk Caddesi|İstiklal Caddesi|Bağdat Caddesi|Çarşı Sokak|Gül Sokak|Merter Caddesi|Şehit Sokak|Okul Sokak",
    "US": "Industrial Avenue|Commerce Street|Harbor Boulevard|Maple Avenue|"
    "Warehouse Road|Mission Street|Lake Street|Freight Road",
    "GB": "Mill Road|Station Road|Victoria Street|Canal Street|Kingsway Avenue|Dock Road|Market Street|Park Road",
    "DE": "Hauptstraße|Bahnhofstraße|Industriestraße|Gartenstraße|Lagerstraße|Schillerstraße|Hafenstraße|Mühlenstraße",
    "IT": "Via Roma|Via Garibaldi|Via della Libertà|Corso Italia|Via dell'Industria|Via Dante|Viale Europa|Via Mazzini",
    "FR": "Rue de la République|Avenue Victor Hugo|Rue du Marché|Boulevard Voltaire|"
    "Rue Pasteur|Rue de l'Église|Avenue Foch|Rue Molière",
    "ES": "Calle Mayor|Calle de Alcalá|Avenida del Puerto|Calle Colón|"
    "Calle San José|Avenida de la Industria|Calle Ríos|Calle Nueva",
    "PL": "ulica Piotrkowska|ulica Długa|ulica Polna|ulica Leśna|"
    "ulica Słoneczna|ulica Krótka|ulica Fabryczna|ulica Główna",
    "NL": "Havenstraat|Waalhaven Weg|Nieuwstraat|Industrieweg|Maasboulevard|Kerkstraat|Dorpsweg|Stationsweg",
}
_CHINESE = [
    ("Chouzhou North Road", "稠州北路"),
    ("Renmin Road", "人民路"),
    ("Zhongshan Road", "中山路"),
    ("Jiefang Road", "解放路"),
    ("Jianshe Road", "建设路"),
    ("Xinhua Street", "新华街"),
    ("Beijing Road", "北京路"),
    ("Gongye Avenue", "工业大道"),
    ("Huanghe Road", "黄河路"),
    ("Chengnan East Street", "城南东街"),
    ("Heping Road", "和平路"),
    ("Binhe Avenue", "滨河大道"),
]
STREETS: dict[str, list[tuple[str, str]]] = {
    "CN": _CHINESE,
    **{country: [(street, street) for street in streets.split("|")] for country, streets in _WESTERN.items()},
}
# Countries that write the house number before the street.
NUMBER_FIRST = {"CN", "US", "GB", "FR"}
ABBREVIATIONS = [
    ("Road", "Rd."), ("Street", "St."), ("Avenue", "Ave."), ("Boulevard", "Blvd."), ("North", "N."), ("East", "E."),
    ("straße", "str."), ("straat", "str."), ("Caddesi", "Cad."), ("Sokak", "Sk."), ("Calle", "C/"), ("Avenida", "Av."),
    ("ulica", "ul."), ("Viale", "V.le"), ("Corso", "C.so"), ("Rue", "R."),
]  # fmt: skip
# Of each country: the calling code, its first mobile number as planted, and how many follow.
DIALLING = {
    "CN": ("86", 13_000_000_000, 10**9),
    "TR": ("90", 5_300_000_000, 10**8),
    "US": ("1", 6_462_000_000, 10**6),
    "GB": ("44", 7_700_000_000, 10**8),
    "DE": ("49", 15_100_000_000, 10**8),
    "IT": ("39", 3_400_000_000, 10**8),
    "FR": ("33", 600_000_000, 10**8),
    "ES": ("34", 600_000_000, 10**8),
    "PL": ("48", 600_000_000, 10**7),
    "NL": ("31", 600_000_000, 10**8),
}
AGENTS_FIRST = 17_700_000_000  # agents' own lines, all Chinese
# What lazy people type where a form insists.
PLACEHOLDER_PHONES = ["0000000000", "1234567890", "+1 111 111 1111", "n/a", "999999999", "none"]
PLACEHOLDER_EMAILS = ["none@none.com", "noemail@noemail.com", "test@test.com", "n/a"]
COUNTRY_CURRENCY = {"CN": "CNY", "TR": "TRY", "US": "USD", "GB": "GBP"}  # the rest use the euro

FIRST_NAMES = _words(
    "Wei Li Anna Mehmet John Maria Yan Piotr Giulia Hans Elif Carlos Sophie Min Tom Ayşe Jing Emma Luca Olga"
)
LAST_NAMES = _words(
    "Wang Chen Müller Yılmaz Smith Rossi Zhang Kowalski Dubois García "
    "Demir Jones Liu Bianchi Weber Brown Wu Şahin Moreau Huang"
)
SHOP_FIRST = _words("Happy Lucky Prime Urban Golden Blue Royal Smart Fresh Bright Star Metro Nova Easy Grand True")
SHOP_SECOND = _words(
    "Deals Store Outlet Fashion Bazaar Corner Trend Market Planet House Select Goods Point World Direct Line"
)
TRADER_FIRST = _words(
    "Hongda Xinyuan Jinlong Ruifeng Anadolu Delta Orion Bosfor Tianhe Weida "
    "Baltic Meridian Fulin Kaixin Yongsheng Marmara Atlas Huatai Oriental Sunrise"
)
TRADER_SECOND = _words("Trading Leather Textile Electronics Import Industrial Manufacturing Supply Garment Commerce")
COMPANY_FORMS = ["Co., Ltd.", "CO LTD", "Ltd", "Co.,Ltd", "Company Limited"]
