"""The lexicon reads a complaint as a person would: in twelve languages, with negation and near-misses."""

import hashlib
import os
import pickle
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from headwater.errors import ConfigurationError
from headwater.landing import lexicon
from headwater.landing.lexicon import READ_CHARACTERS, Lexicon

LEXICON = Lexicon.load()

SAY_COUNTERFEIT = {
    "english": """
        The bag I received is an obvious fake, the stitching is crooked.
        These shoes are NOT authentic, Nike confirmed it.
        It isn't a genuine charger and it nearly caught fire
        I paid for a Rolex and got a cheap knock-off
        Doubt these are original, the logo is misspelled
        Total counterfeit!!! I want my money back
        I don't think this perfume is genuine, it smells of alcohol.
        I did not know it was a replica when I ordered.
        Bootleg DVD, the print is blurred
        Not what I ordered, fake leather strap and the watch itself is a fake
        It should have been advertised as a replica
        No it's fake, do not buy""",
    "portuguese": """
        Produto falso, não recomendo!
        Comprei um tênis original e recebi uma réplica grosseira
        O perfume não é original, não tem cheiro nenhum
        Nao recomendo cartucho falsificado
        A camisa é uma imitação barata, nem a etiqueta é igual
        Não parece ser original, a caixa veio sem lacre
        Isso não é um relógio original!!
        De original não tem nada
        O vendedor deveria avisar que é réplica
        Carregador pirata, queimou no primeiro dia
        produto ñ é autêntico""",
    "spanish": """
        El producto es falso, no lo compren
        Las zapatillas no son originales, se nota en la suela
        Me enviaron una imitación barata del perfume
        Es una réplica y la vendieron como original
        No es auténtico, la marca me lo confirmó
        No parece un bolso original
        Cargador falsificado, se calienta muchísimo
        Compré un celular y me llegó un producto trucho
        De original no tiene nada
        Dudo de su autenticidad""",
    "german": """
        Die Tasche ist eine Fälschung, das Logo sitzt schief.
        Das ist kein Original, sondern billiger Schrott
        Gefälschte Ware, Finger weg!
        Der Akku ist nicht original und wird heiß
        Ganz klar ein Plagiat
        Ein Original ist das definitiv nicht
        Ich habe ein Imitat bekommen
        Leider eine Produktfälschung erhalten
        Das Parfüm ist nicht echt
        GEFAELSCHT, sofort reklamiert""",
    "french": """
        C'est une contrefaçon, j'ai vérifié en boutique.
        Le parfum n'est pas un original
        Produit contrefait, je demande un remboursement
        Ce n’est pas authentique du tout
        J'ai reçu un faux sac, les coutures sont ratées
        Vendu comme neuf mais c'est une vulgaire copie
        Chargeur pas d'origine, il chauffe
        Une imitation bas de gamme de la marque
        Ils vendent des faux !
        Des articles contrefaits, à éviter""",
    "italian": """
        Il prodotto è falso, si vede dalle cuciture
        Non è originale, ho controllato in negozio
        Borsa contraffatta, chiedo il rimborso
        Mi hanno mandato un'imitazione scadente
        Le scarpe non sono autentiche
        Profumo taroccato, non dura niente
        Non sembra affatto originale
        È una replica venduta come vera
        Articoli falsi, state alla larga
        Di originale non ha nulla""",
    "turkish": """
        Ürün sahte çıktı, iade ediyorum
        Parfüm orijinal değil, kokusu beş dakikada uçtu
        Ayakkabı ÇAKMA, sakın almayın
        Resmen taklit ürün göndermişler
        Orjinal ürün değil bu
        Saatin orijinal olmadığı çok belli
        Replika göndermişler, orijinal diye satıyorlar
        SAHTE! PARAMI İSTİYORUM
        Bu kesinlikle orijinal değilmiş
        Kutudan imitasyon çıktı""",
    "russian": """
        Это подделка, швы кривые
        Кроссовки не оригинал, не покупайте
        Прислали поддельные духи
        Товар не является оригинальным
        Контрафакт! Верните деньги
        Явный фальшивый логотип, обычная палёная вещь
        Это не настоящий бренд, а дешёвая копия
        Оригиналом тут и не пахнет
        Не похоже на оригинал
        Китайская реплика вместо оригинала""",
    "arabic": """
        المنتج مقلد وليس أصليًا
        العطر غير أصلي ورائحته سيئة
        وصلتني شنطة تقليد
        هذا منتج مزيف، أريد استرجاع المبلغ
        الساعة ليست أصلية أبداً
        الجوال مو أصلي لا تشترون منه
        بضاعة مضروبة وخامة رديئة
        الشاحن مش أصلي
        أحذية مقلّدة بجودة رديئة
        هاي كوبي وليس الأصلي""",
    "chinese, simplified": """
        这个包是假货，走线都是歪的
        收到的鞋子不是正品，要求退款
        高仿的手表，太坑人了
        买到假的了，香水一点味道都没有
        店家卖假货，大家别买
        根本不是官方正品
        这是冒牌货！！！
        明显的山寨产品，质量很差
        怀疑是假货，和专柜的不一样
        防伪码查不到
        不像正品，包装粗糙
        质量这么差，不是假货是什么""",
    "chinese, traditional": """
        這個包是假貨，走線都是歪的
        收到的鞋子不是正品，要求退款
        明顯是仿冒品
        賣家販售盜版光碟
        買到假的了
        根本就是冒牌貨
        懷疑是假貨，跟專櫃不一樣
        手錶是贗品
        呢個袋係假嘅
        唔係正貨，想退款""",
    "japanese": """
        届いたバッグは偽物でした。
        正規品ではありません。縫製が雑です
        コピー商品を送ってきました
        これは本物ではないと思います
        ニセモノです、返金してください
        純正品じゃない充電器が届いた
        偽物ではないかと疑っています
        模倣品でした。最悪です
        ﾆｾﾓﾉが届きました
        到底本物とは思えない品質""",
    "korean": """
        가짜 제품이 왔어요
        정품이 아닙니다. 환불해 주세요
        짝퉁이네요 사지 마세요
        위조품을 판매하고 있습니다
        아무리 봐도 정품 아닌 것 같아요
        이건 가품입니다
        향수가 짝퉁 같아요
        매장에서 확인하니 정품이 아니라고 합니다
        모조품이 배송됐어요
        정품인지 의심됩니다""",
}

SAY_SOMETHING_ELSE = {
    "english": """
        It is not fake, I checked with the brand
        Very original design, my daughter loves it
        Not a very original design and too small
        The fake plant arrived with broken leaves
        Fake leather peels off after a week
        False advertisement, the box was empty
        The tracking number is fake, nothing was ever delivered
        All the reviews are fake, do not trust them
        It did not come in the original packaging
        The replica sword arrived exactly as described but late
        I was worried it would be fake but it is great
        Not genuine leather as the listing says
        Never received my order
        I ordered a pirate costume and got a princess""",
    "portuguese": """
        Não é falso, conferi na loja, mas veio arranhado
        Propaganda falsa, não entregam
        Há dois registros falsos de entrega no site
        O bolo fake chegou amassado
        Veio fora da embalagem original
        Estava com medo de não ser original, mas demorou demais
        A réplica do carrinho veio conforme anunciado, mas atrasou
        Não veio o original da nota fiscal
        Bolsa de imitação de couro descascando
        A fantasia de pirata veio pequena
        Não é couro legítimo
        Imagem falsa do produto, a cor é outra""",
    "spanish": """
        No es falso, pero llegó tarde
        Publicidad falsa, el tamaño es otro
        La planta falsa llegó rota
        No venía en la caja original
        El disfraz de pirata es pequeño
        El número de seguimiento es falso
        Es de imitación de cuero y se pela
        La réplica del barco es tal como se describe, pero llegó rota
        Falsas promesas, nunca entregaron
        Un diseño muy original""",
    "german": """
        Keine Fälschung, aber zu spät geliefert
        Das ist kein Fake, trotzdem zu teuer
        War nicht in der Originalverpackung
        Nicht original verpackt angekommen
        Gefälschte Bewertungen, der Shop ist unseriös
        Das Lederimitat löst sich
        Die Lieferung ist echt nicht schnell
        Kein echtes Leder wie beschrieben
        Die Kunstblumen sehen billig aus
        Falsche Größe geliefert
        Die Replik des Schiffs ist wie beschrieben, kam aber spät""",
    "french": """
        Ce n'est pas une contrefaçon mais la taille ne va pas
        Fausse annonce, rien n'est arrivé
        Le faux cuir se décolle
        Pas dans l'emballage d'origine
        Faux numéro de suivi, colis jamais reçu
        Les fausses plantes sont arrivées cassées
        Cadeau très original mais cassé
        Le costume de pirate est trop petit
        Ce n'est pas du cuir véritable
        Une véritable arnaque, jamais livré""",
    "italian": """
        Non è un falso, ma è arrivato tardi
        Pubblicità falsa, il colore è diverso
        La pianta finta è arrivata rotta
        Non era nella confezione originale
        Ho scritto al venditore, nessuna replica
        Recensioni false ovunque
        Il costume da pirata è piccolo
        Non è vera pelle
        Falsi sconti per il Black Friday
        Un'idea molto originale
        La replica della nave è come da descrizione""",
    "turkish": """
        Sahte değil ama geç geldi
        Sahte yorumlara inanmayın
        Orijinal kutusunda gelmedi
        Takma kirpik yapışmıyor
        Sahte indirim yapıyorlar
        Korsan kostümü küçük geldi
        Hakiki deri değil
        Ürün kırık geldi
        Sahte çiçekler çok soluk
        Taklit değil, orijinal ama kırık""",
    "russian": """
        Это не подделка, но пришло поздно
        Фальшивые отзывы, не верьте
        Пришло без оригинальной упаковки
        Не в оригинальной коробке
        Имитация кожи облезла
        Поддельный трек-номер, посылки нет
        Пиратский костюм маленький
        Это не настоящая кожа
        Не пришёл заказ
        Не фирменный пакет, но вещь хорошая""",
    "arabic": """
        المنتج ليس مقلدًا لكنه تأخر
        لم يصل الطلب حتى الآن
        إعلان مزيف ولا يوجد توصيل
        التقييمات مزيفة كلها
        لم يأت في علبته الأصلية
        الورود المزيفة لونها باهت
        جلد تقليد يتقشر
        رقم تتبع مزيف
        اللون مختلف عن الصورة
        تصميم تقليدي جدا
        الثوب غير مناسب""",
    "chinese, simplified": """
        不是假货，但是物流太慢
        物流信息是假的，根本没发货
        假发质量很差，掉毛
        好评都是假的
        包装不是原装盒子
        放假期间没人发货
        打折是假的，先涨价再降价
        请问是不是正品
        图片是假的，颜色完全不一样
        应该是正品，就是有点贵
        客服态度不好""",
    "chinese, traditional": """
        不是假貨，但是物流太慢
        物流資訊是假的，根本沒出貨
        假髮品質很差
        好評都是假的
        請問是不是正品
        圖片是假的，顏色完全不一樣
        應該是正品，只是有點貴
        客服態度不好""",
    "japanese": """
        偽物ではありませんでしたが、遅かったです
        フェイクファーがすぐ抜けました
        フェイクグリーンの葉が折れていた
        レビューが全部偽物
        本革ではありませんでした
        色が写真と違います
        レプリカユニフォームのサイズが違う
        偽物じゃなくて安心したけど箱が潰れていた
        商品が届きません""",
    "korean": """
        가짜는 아니지만 배송이 늦어요
        후기가 다 가짜예요
        정품 박스가 찌그러져서 왔어요
        가짜 속눈썹이 안 붙어요
        배송이 안 왔어요
        정품이라 믿고 샀는데 너무 비싸요
        메뉴가 품절이래요
        짝퉁은 아닌데 사이즈가 작아요
        인조가죽이 벗겨져요
        질감가 품질이 별로예요""",
}


def table(sentences):
    """(language, text, whether it is read as counterfeit); read as one array, since that is how it is quick."""
    rows = [(name, line.strip()) for name, block in sentences.items() for line in block.strip().splitlines()]
    answers = LEXICON.is_counterfeit([text for _, text in rows]).to_pylist()
    return [(*row, answer) for row, answer in zip(rows, answers, strict=True)]


def reads(*texts):
    return LEXICON.is_counterfeit(list(texts)).to_pylist()


@pytest.mark.parametrize(("language", "text", "answer"), table(SAY_COUNTERFEIT))
def test_a_complaint_that_says_counterfeit_counts(language, text, answer):
    assert answer, LEXICON.explain(text)


@pytest.mark.parametrize(("language", "text", "answer"), table(SAY_SOMETHING_ELSE))
def test_a_complaint_that_denies_it_or_speaks_of_something_else_does_not_count(language, text, answer):
    assert not answer, LEXICON.explain(text)


@pytest.mark.parametrize(
    "text",
    [
        "NOT ORIGINAL",
        "not\n\toriginal",
        'not "original"',
        "not-original",
        "ｎｏｔ　ｏｒｉｇｉｎａｌ",
        "it isn’t original",
        "it isnt original",
        "not 😡 original 😡",
        "no\u0301t o\u0301riginal",
        "n\u200bot orig\u00adinal",
        "NÃO É ORIGINAL",
        "nao e original",
        "假 货",
        "假🤬货",
        "假\u200b货",
        "这是Ａ货",
        "مُقَلَّد",
        "مقلـــد",
        "والمقلد",
        "İMİTASYON",
        "ПОДДЕЛКА",
        "паленый",
    ],
)
def test_case_spacing_width_accents_and_emoji_do_not_matter(text):
    assert reads(text) == [True], LEXICON.explain(text)


def test_a_word_that_only_contains_a_phrase_does_not_count():
    assert reads("Fakenham", "originality", "refalsos", "unoriginally", "не поддел провод") == [False] * 5


def test_a_negator_reaches_over_its_window_and_no_clause():
    assert reads("not a fake", "not, a fake", "I do not recommend this fake") == [False, True, True]
    assert reads("Não é original. É falso, não compre") == [True]
    assert reads("Não. Recebi o original") == [False]


@pytest.mark.parametrize("sentences", [SAY_COUNTERFEIT, SAY_SOMETHING_ELSE])
def test_every_language_has_eight_sentences_of_each_kind(sentences):
    assert len(sentences) == 13  # Chinese twice
    assert all(len(block.strip().splitlines()) >= 8 for block in sentences.values())


def test_a_near_miss_hides_nothing_but_itself():
    assert reads("The fake leather bag is itself a fake", "bolo fake. O perfume também é falso") == [True, True]


def test_nothing_said_is_not_a_complaint_of_counterfeit():
    assert reads(None, "", "   ", "...", "🙂", "\ue000", "\x00") == [False] * 7
    assert LEXICON.explain(None) == "not counterfeit: no phrase of the lexicon"


def test_answers_keep_the_order_and_number_of_texts_in_every_arrow_form():
    texts = ["fake", None, "fine", "é\ue000falso", ""]
    want = [True, False, False, True, False]
    assert reads() == []
    assert LEXICON.is_counterfeit(pa.chunked_array([texts[:2], texts[2:]])).to_pylist() == want
    assert LEXICON.is_counterfeit(pa.array(texts, pa.large_string())).to_pylist() == want
    assert LEXICON.is_counterfeit(pa.array(["x", *texts]).slice(1)).to_pylist() == want
    many = LEXICON.is_counterfeit(pa.array(texts * 4_000))
    assert many.to_pylist() == want * 4_000
    assert many.type == pa.bool_()


def test_only_the_first_characters_of_a_text_are_read():
    assert reads("x" * (READ_CHARACTERS - 5) + " fake", "x" * READ_CHARACTERS + " fake") == [True, False]


@pytest.mark.parametrize(
    "piece", ["not a ", "não é um ", "не это ", "不是", "a", "\u0301\u0323", "not a not ", " . ", "ﷺ"]
)
def test_a_megabyte_of_anything_is_read_in_bounded_time(piece):
    texts = pa.array([piece * (1_000_000 // len(piece))] * 4)
    started = time.perf_counter()
    assert LEXICON.is_counterfeit(texts).to_pylist() == [False] * 4
    assert time.perf_counter() - started < 5


def test_an_explanation_quotes_the_words_that_decided():
    assert LEXICON.explain("Não é ORIGINAL!") == "counterfeit: 'nao e original'"
    assert LEXICON.explain("It's not a fake") == "not counterfeit: denied by 'not a fake'"
    assert LEXICON.explain("bolo fake") == "not counterfeit: 'bolo fake' is about something else"


def test_explaining_and_reading_agree():
    texts = [text for _, text, _ in table(SAY_COUNTERFEIT) + table(SAY_SOMETHING_ELSE)][::20]
    assert reads(*texts) == [LEXICON.explain(text).startswith("counterfeit") for text in texts]


def test_a_lexicon_travels_to_another_process():
    assert pickle.loads(pickle.dumps(LEXICON)) == LEXICON


def test_the_lexicon_is_found_in_a_zip_where_no_file_can_be_opened(tmp_path):
    package = Path(lexicon.__file__).parents[1]
    with zipfile.ZipFile(tmp_path / "lib.zip", "w") as shipped:
        for name in ("__init__.py", "errors.py", "landing/__init__.py", "landing/lexicon.py", "landing/lexicon.toml"):
            shipped.write(package / name, f"headwater/{name}")
    program = "from headwater.landing.lexicon import Lexicon; print(Lexicon.load().digest)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "lib.zip")}
    said = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == LEXICON.digest


MINIMAL = """
[english]
window = 1
fake = ["fak(e|ed)", "{goods} copy"]
genuine = ["real"]
negators_before = ["not"]
negators_after = []
between = ["a"]
idioms = []
near_misses = ["fake plant*"]
words.goods = ["cheap", "bad"]
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "lexicon.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_site_may_read_by_a_lexicon_of_its_own(tmp_path):
    path = written(tmp_path, MINIMAL)
    own = Lexicon.load(path)
    texts = ["faked", "a bad copy", "copy", "fake plants", "not a real one", "not a a real one", "falso"]
    assert own.is_counterfeit(texts).to_pylist() == [True, True, False, False, True, False, False]
    assert own.digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_all_faults_of_a_lexicon_are_told_at_once(tmp_path):
    broken = MINIMAL.replace('"real"', '"re,al", "(real", "...", "{nothing}"').replace('["a"]', '["(a|)"]')
    with pytest.raises(ConfigurationError) as caught:
        Lexicon.load(written(tmp_path, broken))
    for fault in (
        "'re,al' holds punctuation",
        "'(real'",
        "'...' says nothing",
        "unknown set 'nothing'",
        "'(a|)' says nothing",
    ):
        assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[english", "cannot read"),
        ("", "no language"),
        (MINIMAL + "negator = []", "Extra inputs"),
        (MINIMAL.replace("window = 1", "window = 99"), "english.window"),
        (MINIMAL + '[characters]\npairs = ["abc"]', "characters.pairs.0"),
        (MINIMAL + "[characters]\npair = []", "characters.pair: Extra inputs"),
        ("characters = 3\n" + MINIMAL, "characters: Input should be"),
        ("french = 3\n" + MINIMAL, "french: Input should be"),
    ],
)
def test_a_lexicon_that_cannot_be_is_refused(tmp_path, text, fault):
    with pytest.raises(ConfigurationError, match=fault.replace("[", r"\[")):
        Lexicon.load(written(tmp_path, text))


def test_a_missing_lexicon_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot read"):
        Lexicon.load(tmp_path / "none.toml")
