"""Words of the locales: legal forms, streets, cities with the start of their postal codes, phone numbers.

Here: short lists of the project's own, one `Locale` per code, and the romanization of names for e-mail addresses. Not
here: first and last names, which come from Faker's lists (word_pools.py), and the United States (word_pools.py too).
"""

import unicodedata
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True)
class Locale:
    """How names, companies, addresses and phone numbers of a country are written.

    Attributes:
        forms: legal form -> text before and after a company's name, separated by `|`.
        two: text between the two partners of a company.
        three: texts between the first and second, and second and third partner.
        streets: patterns of street names; `*` is a last name.
        houses: pattern of the house number; `#` is the number.
        is_house_first: whether the house number precedes the street.
        city: pattern of the end of an address; `{code}` and `{city}` are filled in.
        code: postal code: two or three first digits come from `cities`, each `#` is any digit.
        cities: city, with the first digits of its postal code, separated by `|`.
        phones: beginnings of phone numbers; each `#` of `phone` is any digit.
        is_family_first: whether the last name precedes the first name.
        feminine: endings of last names of men -> of women.
    """

    forms: tuple[str, ...]
    two: str
    three: tuple[str, str]
    streets: tuple[str, ...]
    houses: str
    city: str
    code: str
    cities: tuple[str, ...]
    phones: tuple[str, ...]
    phone: tuple[str, str]
    is_house_first: bool = False
    is_family_first: bool = False
    feminine: tuple[tuple[str, str], ...] = ()


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(";"))


def _each(prefix: str, *ends: object, behind: str = " ") -> tuple[str, ...]:
    return tuple(f"{prefix}{end}{behind}" for end in ends)


LOCAL = {
    "de_DE": Locale(
        ("| GmbH", "| AG", "| KG", "| GmbH & Co. KG", "| OHG", "| e.K."),
        " & ",
        (", ", " & "),
        ("*straße", "*weg", "*allee", "*platz", "*gasse", "*ring"),
        " #",
        ", {code} {city}",
        "###",
        _listed(
            "Berlin|10;Hamburg|20;München|80;Köln|50;Frankfurt am Main|60;Stuttgart|70;Düsseldorf|40;Leipzig|04;"
            "Dortmund|44;Essen|45;Bremen|28;Dresden|01;Hannover|30;Nürnberg|90;Duisburg|47;Bochum|44;Wuppertal|42;"
            "Bielefeld|33;Bonn|53;Münster|48;Karlsruhe|76;Mannheim|68;Augsburg|86;Wiesbaden|65;Mainz|55;Kiel|24;"
            "Rostock|18;Erfurt|99;Magdeburg|39;Freiburg im Breisgau|79;Lübeck|23;Halle (Saale)|06;Kassel|34;Potsdam|14;"
            "Saarbrücken|66;Regensburg|93;Heidelberg|69;Chemnitz|09;Braunschweig|38;Aachen|52"
        ),
        _each("+49 ", 160, 170, 171, 172, 173, 174, 175, 176, 177, 178, 179),
        ("###", "####"),
    ),
    "fr_FR": Locale(
        ("| SA", "| SARL", "| SAS", "| et Fils", "| EURL"),
        " & ",
        (", ", " et "),
        ("rue *", "avenue *", "boulevard *", "chemin de *", "place *", "impasse *"),
        "# ",
        ", {code} {city}",
        "#00",
        _listed(
            "Paris|75;Marseille|13;Lyon|69;Toulouse|31;Nice|06;Nantes|44;Montpellier|34;Strasbourg|67;Bordeaux|33;"
            "Lille|59;Rennes|35;Reims|51;Toulon|83;Saint-Étienne|42;Le Havre|76;Grenoble|38;Dijon|21;Angers|49;"
            "Nîmes|30;"
            "Clermont-Ferrand|63;Aix-en-Provence|13;Brest|29;Tours|37;Amiens|80;Limoges|87;Annecy|74;Perpignan|66;"
            "Besançon|25;Metz|57;Orléans|45;Rouen|76;Mulhouse|68;Caen|14;Nancy|54"
        ),
        _each("+33 ", 1, 2, 3, 4, 5, 6, 6, 6, 7, 7),
        ("## ##", " ## ##"),
        is_house_first=True,
    ),
    "es_ES": Locale(
        ("| S.L.", "| S.A.", "| e Hijos", "| S.L.U.", "| y Asociados"),
        " y ",
        (", ", " y "),
        ("Calle *", "Avenida de *", "Plaza *", "Paseo de *", "Camino de *", "Ronda *"),
        " #",
        ", {code} {city}",
        "###",
        _listed(
            "Madrid|28;Barcelona|08;Valencia|46;Sevilla|41;Zaragoza|50;Málaga|29;Murcia|30;Palma|07;Bilbao|48;"
            "Alicante|03;"
            "Córdoba|14;Valladolid|47;Vigo|36;Gijón|33;A Coruña|15;Granada|18;Vitoria-Gasteiz|01;Elche|03;Oviedo|33;"
            "Pamplona|31;Santander|39;San Sebastián|20;Burgos|09;Salamanca|37;Logroño|26;Badajoz|06;Huelva|21;"
            "Tarragona|43;León|24;Cádiz|11;Jaén|23;Albacete|02;Toledo|45;Cáceres|10"
        ),
        (*_each("+34 ", *range(600, 700)), *_each("+34 ", 711, 722, 744, 910, 911, 931, 932, 954, 960)),
        ("### ", "###"),
    ),
    "it_IT": Locale(
        ("| S.r.l.", "| S.p.A.", "| e figli", "| S.n.c."),
        " & ",
        (", ", " e "),
        ("Via *", "Viale *", "Piazza *", "Corso *", "Vicolo *", "Strada *"),
        ", #",
        ", {code} {city}",
        "",
        (),
        _each("+39 ", 320, 327, 328, 329, 330, 333, 334, 335, 338, 339, 340, 345, 346, 347, 348, 349),
        ("### ", "####"),
    ),
    "nl_NL": Locale(
        ("| B.V.", "| N.V.", "| Groep", "| & Zonen"),
        " & ",
        (", ", " en "),
        ("*straat", "*laan", "*weg", "*plein", "*gracht", "*dreef"),
        " #",
        ", {code} {city}",
        "## @@",
        _listed(
            "Amsterdam|10;Rotterdam|30;Den Haag|25;Utrecht|35;Eindhoven|56;Groningen|97;Tilburg|50;Almere|13;Breda|48;"
            "Nijmegen|65;Apeldoorn|73;Haarlem|20;Arnhem|68;Enschede|75;Amersfoort|38;Zwolle|80;Leiden|23;Dordrecht|33;"
            "Maastricht|62;Delft|26"
        ),
        _each("+31 6 ", 1, 2, 3, 4, 5, behind=""),
        ("###", "####"),
    ),
    "pl_PL": Locale(
        ("| Sp. z o.o.", "| S.A.", "| Sp.j.", "| Sp.k.", "| s.c."),
        "-",
        (", ", " i "),
        _listed(
            "ul. Polna;ul. Leśna;ul. Słoneczna;ul. Krótka;ul. Szkolna;ul. Ogrodowa;ul. Lipowa;ul. Łąkowa;"
            "ul. Brzozowa;ul. Kwiatowa;ul. Kościelna;ul. Sosnowa;ul. Zielona;ul. Parkowa;ul. Akacjowa;"
            "ul. Kolejowa;ul. Klonowa;ul. Spokojna;al. Niepodległości;pl. Wolności"
        ),
        " #",
        ", {code} {city}",
        "-###",
        _listed(
            "Warszawa|00;Kraków|30;Łódź|90;Wrocław|50;Poznań|60;Gdańsk|80;Szczecin|70;Bydgoszcz|85;Lublin|20;"
            "Białystok|15;"
            "Katowice|40;Gdynia|81;Częstochowa|42;Radom|26;Toruń|87;Kielce|25;Rzeszów|35;Olsztyn|10;Opole|45;"
            "Zielona Góra|65"
        ),
        tuple(f"+48 {start}{end} " for start in (50, 51, 53, 57, 60, 66, 69, 72, 73, 78, 79, 88) for end in range(10)),
        ("### ", "###"),
        feminine=(("ski", "ska"), ("cki", "cka"), ("dzki", "dzka")),
    ),
    "pt_BR": Locale(
        ("| Ltda.", "| S.A.", "| e Filhos", "| Comércio Ltda.", "| EIRELI"),
        " & ",
        (", ", " e "),
        ("Rua *", "Avenida *", "Travessa *", "Praça *", "Alameda *", "Estrada *"),
        ", #",
        ", {city}, {code}",
        "###-###",
        _listed(
            "São Paulo - SP|01;Rio de Janeiro - RJ|20;Belo Horizonte - MG|30;Brasília - DF|70;Salvador - BA|40;"
            "Fortaleza - CE|60;Curitiba - PR|80;Manaus - AM|69;Recife - PE|50;Porto Alegre - RS|90;Belém - PA|66;"
            "Goiânia - GO|74;Campinas - SP|13;São Luís - MA|65;Maceió - AL|57;Natal - RN|59;Florianópolis - SC|88;"
            "Vitória - ES|29;João Pessoa - PB|58;Teresina - PI|64;Cuiabá - MT|78;Campo Grande - MS|79;"
            "Aracaju - SE|49"
        ),
        _each("+55 ", 11, 12, 13, 19, 21, 22, 27, 31, 41, 47, 48, 51, 61, 62, 71, 81, 85, 91, behind=" 9"),
        ("####", "-####"),
    ),
    "uk_UA": Locale(
        ("ТОВ «|»", "ПП «|»", "АТ «|»", "ФГ «|»"),
        " і ",
        (", ", " та "),
        _listed(
            "вул. Шевченка;вул. Лесі Українки;вул. Івана Франка;вул. Садова;вул. Шкільна;вул. Центральна;"
            "вул. Миру;вул. Зелена;вул. Незалежності;вул. Соборна;вул. Київська;вул. Молодіжна;просп. Свободи;"
            "просп. Перемоги;пров. Лісовий;пров. Тихий;бульв. Тараса Шевченка;пл. Ринок"
        ),
        ", #",
        ", {city}, {code}",
        "###",
        _listed(
            "Київ|01;Харків|61;Одеса|65;Дніпро|49;Львів|79;Запоріжжя|69;Вінниця|21;Полтава|36;Чернігів|14;Черкаси|18;"
            "Житомир|10;Суми|40;Рівне|33;Івано-Франківськ|76;Тернопіль|46;Луцьк|43;Ужгород|88;Чернівці|58;Миколаїв|54;"
            "Хмельницький|29;Кропивницький|25;Херсон|73"
        ),
        _each("+380 ", 50, 63, 66, 67, 68, 73, 93, 95, 96, 97, 98, 99),
        ("### ", "## ##"),
        feminine=(("ий", "а"),),
    ),
    "ja_JP": Locale(
        tuple(
            chain.from_iterable(
                (f"株式会社|{trade}", f"|{trade}株式会社", f"有限会社|{trade}", f"合同会社|{trade}")
                for trade in ("水産", "農林", "建設", "食品", "印刷", "電気", "情報", "通信", "運輸", "保険")
            )
        ),
        "・",
        ("・", "・"),
        (
            "丹勢",
            "中宮祠",
            "本町",
            "中町",
            "栄町",
            "緑町",
            "大手町",
            "旭町",
            "泉町",
            "桜町",
            "東町",
            "西町",
            "南町",
            "北町",
        ),
        "#番地",
        "〒{code} {city}",
        "-####",
        _listed(
            "東京都千代田区|100;東京都港区|105;東京都渋谷区|150;東京都世田谷区|154;東京都新宿区|160;神奈川県横浜市西区|220;"
            "千葉県千葉市中央区|260;埼玉県さいたま市大宮区|330;静岡県静岡市葵区|420;愛知県名古屋市中区|460;"
            "大阪府大阪市北区|530;大阪府大阪市中央区|540;京都府京都市中京区|604;兵庫県神戸市中央区|650;"
            "広島県広島市中区|730;福岡県福岡市博多区|812;沖縄県那覇市|900;新潟県新潟市中央区|950;宮城県仙台市青葉区|980;"
            "北海道札幌市中央区|060"
        ),
        _each("+81 ", 70, 80, 90, behind="-"),
        ("####", "-####"),
        is_family_first=True,
    ),
}

LATIN = {"ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
_UKRAINIAN = dict(
    zip(
        "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
        _listed("a;b;v;h;g;d;e;ie;zh;z;y;i;i;i;k;l;m;n;o;p;r;s;t;u;f;kh;ts;ch;sh;shch;;iu;ia"),
        strict=True,
    )
)
_LETTERS = str.maketrans({**LATIN, **_UKRAINIAN, "’": "", "'": ""})


def romanized(text: str) -> str:
    """Return a name in lower-case Latin letters without accents: Łukasz -> lukasz, Шевченко -> shevchenko.

    Ukrainian follows the table of the Cabinet of Ministers of 2010 (letters inside a word).
    """
    plain = unicodedata.normalize("NFC", text).lower().translate(_LETTERS)
    return "".join(letter for letter in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(letter))
