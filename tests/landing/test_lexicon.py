"""The lexicon reads a complaint as a person would: in fourteen languages, with negation and near-misses."""

import hashlib
import os
import pickle
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from headwater.errors import ConfigurationError
from headwater.landing import lexicon
from headwater.landing.lexicon import READ_CHARACTERS, Lexicon

LEXICON = Lexicon.load()

SENTENCES = tomllib.loads(Path(__file__).with_name("lexicon_sentences.toml").read_text(encoding="utf-8"))


def table(sentences):
    """(language, text, whether it is read as counterfeit); read as one array, since that is how it is quick."""
    rows = [(language, text) for language, texts in SENTENCES[sentences].items() for text in texts]
    answers = LEXICON.is_counterfeit([text for _, text in rows]).to_pylist()
    return [(*row, answer) for row, answer in zip(rows, answers, strict=True)]


def reads(*texts):
    return LEXICON.is_counterfeit(list(texts)).to_pylist()


@pytest.mark.parametrize(("language", "text", "answer"), table("say_counterfeit"))
def test_a_complaint_that_says_counterfeit_counts(language, text, answer):
    assert answer, LEXICON.explain(text)


@pytest.mark.parametrize(("language", "text", "answer"), table("say_something_else"))
def test_a_complaint_that_denies_it_or_speaks_of_something_else_does_not_count(language, text, answer):
    assert not answer, LEXICON.explain(text)


@pytest.mark.parametrize(("language", "text", "answer"), table("no_doubt_that_it_is_fake"))
def test_a_doubt_that_is_none_denies_nothing(language, text, answer):
    assert answer, LEXICON.explain(text)


@pytest.mark.parametrize(("language", "text", "answer"), table("no_doubt_that_it_is_genuine"))
def test_a_doubt_that_is_none_accuses_nobody(language, text, answer):
    assert not answer, LEXICON.explain(text)


@pytest.mark.parametrize(("language", "text", "answer"), table("hard_to_believe_genuine"))
def test_what_cannot_be_believed_genuine_counts(language, text, answer):
    assert answer, LEXICON.explain(text)


@pytest.mark.parametrize(("language", "text", "answer"), table("not_fake"))
def test_what_is_not_fake_does_not_count(language, text, answer):
    assert not answer, LEXICON.explain(text)


@pytest.mark.parametrize(("language", "text", "answer"), table("thought_fake_but_genuine"))
def test_a_fake_that_is_genuine_after_all_does_not_count(language, text, answer):
    assert not answer, LEXICON.explain(text)


@pytest.mark.parametrize(("language", "text", "answer"), table("thought_genuine_but_fake"))
def test_an_original_that_is_fake_after_all_counts(language, text, answer):
    assert answer, LEXICON.explain(text)


@pytest.mark.parametrize(("language", "text", "answer"), table("branded_goods"))
def test_a_fake_of_what_is_sold_under_brand_names_counts(language, text, answer):
    assert answer, LEXICON.explain(text)


@pytest.mark.parametrize(("language", "text", "answer"), table("spelled_alike_counterfeit"))
def test_a_word_spelled_like_one_of_a_near_miss_or_a_negator_hides_nothing(language, text, answer):
    assert answer, LEXICON.explain(text)


@pytest.mark.parametrize(("language", "text", "answer"), table("spelled_alike_something_else"))
def test_a_word_spelled_like_a_phrase_does_not_count(language, text, answer):
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


@pytest.mark.parametrize("sentences", ["say_counterfeit", "say_something_else"])
def test_every_language_has_eight_sentences_of_each_kind(sentences):
    texts = SENTENCES[sentences]
    assert len(texts) == 15  # Chinese twice
    assert all(len(of_one) >= 8 for of_one in texts.values())


@pytest.mark.parametrize("sentences", [name for name, texts in SENTENCES.items() if "any" not in texts])
def test_every_rule_has_a_sentence_in_every_language(sentences):
    assert SENTENCES[sentences].keys() == SENTENCES["say_counterfeit"].keys()
    assert all(SENTENCES[sentences].values())


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
    "piece",
    ["not a ", "não é um ", "не это ", "不是", "a", "\u0301\u0323", "not a not ", " . ", "ﷺ", "no doubt it is "],
)
def test_a_megabyte_of_anything_is_read(piece):
    texts = pa.array([piece * (1_000_000 // len(piece))] * 4)
    assert LEXICON.is_counterfeit(texts).to_pylist() == [False] * 4


def test_an_explanation_quotes_the_words_that_decided():
    assert LEXICON.explain("Não é ORIGINAL!") == "counterfeit: 'nao e original'"
    assert LEXICON.explain("It's not a fake") == "not counterfeit: denied by 'not a fake'"
    assert LEXICON.explain("bolo fake") == "not counterfeit: 'bolo fake' does not say it"
    assert LEXICON.explain("falso, mas é original") == "not counterfeit: denied by 'falso . mas e original'"


def test_explaining_and_reading_agree():
    texts = [text for name in SENTENCES for _, text, _ in table(name)][::20]
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


def test_a_comma_lets_a_phrase_cross_the_end_of_a_clause_and_no_cut(tmp_path):
    own = Lexicon.load(written(tmp_path, MINIMAL.replace('["not"]', '["not", "doubt , that"]')))
    texts = ["doubt that real", "I doubt, that a real one", "doubt; that real", "doubt. So that real"]
    assert own.is_counterfeit(texts).to_pylist() == [True, True, True, False]
    assert own.is_counterfeit(["doubt fake plants that real"]).to_pylist() == [False]


def test_doubts_turn_round_genuine_only_and_corrections_take_back_fake(tmp_path):
    rules = 'doubts_before = ["hardly"]\ndoubts_after = ["unlikely"]\ncorrections = ["but"]\nwords.goods'
    own = Lexicon.load(written(tmp_path, MINIMAL.replace("words.goods", rules)))
    texts = ["hardly real", "real unlikely", "hardly faked", "faked unlikely", "faked, but real", "fake but not real"]
    assert own.is_counterfeit(texts).to_pylist() == [True, True, True, True, False, True]


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
