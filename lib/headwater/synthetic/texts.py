"""What complainants write: sentences by language and reason, and how a row's text is put together."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from headwater.synthetic.columns import Ints, joined, taken

REASONS = ["counterfeit", "not_as_described", "damaged", "not_received", "other"]
# Spoken where goods go, then of those who live there and write in their own.
LANGUAGES = ["en", "de", "fr", "it", "es", "tr", "pl", "zh", "pt", "ru", "ar", "ja", "ko"]
ENGLISH, ABROAD = LANGUAGES.index("en"), LANGUAGES.index("pt")

# One line a language, in the order above; sentences of one reason are separated by "|", three each.
_SENTENCES: dict[str, str] = {
    "counterfeit": """
This is a fake, the logo is misspelt.|Clearly counterfeit, no such serial number.|Not genuine, the brand's shop says.
Das ist eine Fälschung, das Logo stimmt nicht.|Klar gefälscht, keine gültige Nummer.|Kein Original, ein Plagiat.
C'est une contrefaçon, le logo est faux.|Produit contrefait, sans numéro de série.|Pas un original, une copie.
È un falso, il logo è sbagliato.|Prodotto contraffatto, senza numero di serie.|Non è originale, è una imitazione.
Es una falsificación, el logo está mal.|Producto falso, el número de serie no existe.|No es original, es una imitación.
Bu ürün sahte, logosu yanlış.|Taklit ürün, seri numarası kayıtlı değil.|Orijinal değil, çakma çıktı.
To podróbka, logo jest błędne.|Produkt podrobiony, numer seryjny nie istnieje.|To nie jest oryginał, tylko falsyfikat.
这是假货，商标印错了。|明显是假冒产品，序列号查不到。|不是正品，专柜说是仿冒的。
Isto é falso, o logótipo está errado.|Produto falsificado, o número de série não existe.|Não é original, é uma imitação.
Это подделка, логотип с ошибкой.|Товар поддельный, серийного номера нет в базе.|Это не оригинал, а копия.
هذا المنتج مقلد والشعار خاطئ.|بضاعة مزيفة، الرقم التسلسلي غير موجود.|ليس أصلي، إنه تقليد.
これは偽物です。ロゴが間違っています。|明らかに偽ブランド品で、製造番号がありません。|本物ではありません。コピー品でした。
이건 가짜예요, 로고가 틀렸어요.|위조품입니다. 시리얼 번호가 없어요.|정품이 아니에요, 짝퉁입니다.""",
    "not_as_described": """
The colour differs from the picture.|Wrong size, not as described.|The material is not what was promised.
Die Farbe weicht vom Bild ab.|Falsche Größe, nicht wie beschrieben.|Das Material ist anders als versprochen.
La couleur diffère de la photo.|Mauvaise taille, non conforme à la description.|La matière n'est pas celle promise.
Il colore è diverso dalla foto.|Taglia sbagliata, non come descritto.|Il materiale non è quello promesso.
El color es distinto al de la foto.|Talla equivocada, no es como se describe.|El material no es el prometido.
Rengi fotoğraftakinden farklı.|Beden yanlış, açıklamaya uymuyor.|Kumaşı söylenenden başka.
Kolor inny niż na zdjęciu.|Zły rozmiar, niezgodny z opisem.|Materiał inny niż obiecany.
颜色和图片不一样。|尺码不对，与描述不符。|材质与说明不一样。
A cor é diferente da foto.|Tamanho errado, diferente do anunciado.|O material não é o prometido.
Цвет не такой, как на фото.|Не тот размер, не соответствует описанию.|Материал не тот, что обещали.
اللون يختلف عن الصورة.|المقاس خطأ ولا يطابق الوصف.|الخامة ليست كما وعدتم.
写真と色が違います。|サイズが違い、説明と異なります。|素材が約束と違います。
사진과 색이 달라요.|사이즈가 틀려요, 설명과 달라요.|소재가 약속한 것과 달라요.""",
    "damaged": """
The box was crushed and the item broken.|It arrived damaged.|There is a crack on one side.
Der Karton war zerdrückt, der Artikel kaputt.|Kam beschädigt an.|Es hat einen Riss an der Seite.
Le colis était écrasé et l'article cassé.|Arrivé endommagé.|Il y a une fissure sur le côté.
La scatola era schiacciata e l'articolo rotto.|Arrivato danneggiato.|C'è una crepa su un lato.
La caja estaba aplastada y el artículo roto.|Llegó dañado.|Tiene una grieta en un lado.
Kutu ezilmiş, ürün kırık geldi.|Hasarlı geldi.|Bir yanında çatlak var.
Karton był zgnieciony, a towar zepsuty.|Dotarło uszkodzone.|Z boku jest pęknięcie.
包装压坏了，东西碎了。|收到时已经损坏。|侧面有裂缝。
A caixa veio amassada e o artigo partido.|Chegou danificado.|Tem uma racha de um lado.
Коробка помята, вещь сломана.|Пришло повреждённым.|Сбоку трещина.
العلبة مسحوقة والقطعة مكسورة.|وصل تالفا.|يوجد شرخ في أحد الجوانب.
箱がつぶれ、商品が壊れていました。|破損して届きました。|片側にひびがあります。
상자가 찌그러지고 물건이 깨졌어요.|파손되어 왔어요.|한쪽에 금이 갔어요.""",
    "not_received": """
The parcel never arrived.|Still waiting, tracking does not move.|Marked as delivered but nothing came.
Das Paket kam nie an.|Ich warte noch immer, die Sendung bewegt sich nicht.|Als zugestellt gemeldet, aber nichts da.
Le colis n'est jamais arrivé.|J'attends toujours, le suivi ne bouge pas.|Indiqué livré mais rien reçu.
Il pacco non è mai arrivato.|Aspetto ancora, la spedizione è ferma.|Risulta consegnato ma non c'è nulla.
El paquete nunca llegó.|Sigo esperando, el envío no avanza.|Consta como entregado pero no hay nada.
Paket hiç gelmedi.|Hâlâ bekliyorum, kargo ilerlemiyor.|Teslim edildi görünüyor ama gelmedi.
Paczka nigdy nie dotarła.|Wciąż czekam, przesyłka stoi.|Oznaczono jako doręczone, a nic nie ma.
包裹一直没收到。|还在等，物流没有更新。|显示已签收但没有收到。
A encomenda nunca chegou.|Ainda estou à espera, o envio não avança.|Consta como entregue mas não veio nada.
Посылка так и не пришла.|Всё ещё жду, отслеживание стоит.|Отмечено как доставленное, но ничего нет.
الطرد لم يصل أبدا.|ما زلت أنتظر والشحنة لا تتحرك.|مكتوب أنه سلم ولم يصل شيء.
荷物が届きません。|まだ待っています。追跡が動きません。|配達済みとありますが、届いていません。
소포가 아직 안 왔어요.|계속 기다리는데 배송 조회가 그대로예요.|배송 완료라는데 받은 게 없어요.""",
    "other": """
Please call me back about the invoice.|I ordered twice by mistake.|The seller does not answer.
Bitte um Rückruf wegen der Rechnung.|Ich habe versehentlich doppelt bestellt.|Der Verkäufer antwortet nicht.
Merci de me rappeler pour la facture.|J'ai commandé deux fois par erreur.|Le vendeur ne répond pas.
Richiamatemi per la fattura.|Ho ordinato due volte per errore.|Il venditore non risponde.
Llámenme por la factura, por favor.|Pedí dos veces por error.|El vendedor no contesta.
Fatura için beni arayın.|Yanlışlıkla iki kez sipariş verdim.|Satıcı cevap vermiyor.
Proszę o telefon w sprawie faktury.|Zamówiłem dwa razy przez pomyłkę.|Sprzedawca nie odpowiada.
请就发票问题回电。|我误下了两单。|卖家不回复。
Liguem-me por causa da fatura.|Encomendei duas vezes por engano.|O vendedor não responde.
Перезвоните мне по поводу счёта.|По ошибке заказал дважды.|Продавец не отвечает.
اتصلوا بي بخصوص الفاتورة.|طلبت مرتين بالخطأ.|البائع لا يرد.
請求書の件で電話をください。|間違えて二回注文しました。|売り手から返事がありません。
청구서 때문에 전화 주세요.|실수로 두 번 주문했어요.|판매자가 답이 없어요.""",
}
_BEFORE = r"""
|Hello,\n|Very disappointed. |"Great quality" they said, well:~
|Guten Tag,\n|Sehr enttäuscht. |"Top Qualität", hieß es:~
|Bonjour,\n|Très déçu. |« Super qualité », disaient-ils :~
|Buongiorno,\n|Molto deluso. |"Ottima qualità", dicevano:~
|Hola,\n|Muy decepcionado. |"Gran calidad", decían:~
|Merhaba,\n|Çok üzgünüm. |"Süper kalite" dediler:~
|Dzień dobry,\n|Bardzo rozczarowany. |"Świetna jakość", mówili:~
|您好：\n|非常失望。|说是“质量很好”，结果：
|Bom dia,\n|Muito desiludido. |"Ótima qualidade", diziam:~
|Здравствуйте!\n|Очень разочарован. |«Отличное качество», писали они:~
|مرحبا،\n|خيبة أمل كبيرة. |قالوا "جودة ممتازة":~
|こんにちは。\n|とても残念です。|「品質が良い」とのことでしたが、
|안녕하세요.\n|정말 실망했어요. |"품질이 좋다"더니:~"""
_AFTER = r"""
| I want my money back.|\nThanks
| Ich will mein Geld zurück.|\nDanke
| Je veux être remboursé.|\nMerci
| Rivoglio i miei soldi.|\nGrazie
| Quiero mi dinero.|\nGracias
| Paramı geri istiyorum.|\nTeşekkürler
| Chcę zwrotu pieniędzy.|\nDziękuję
|我要退款。|\n谢谢
| Quero o meu dinheiro de volta.|\nObrigado
| Верните деньги.|\nСпасибо
| أريد استرداد نقودي.|\nشكرا
|返金してください。|\nよろしくお願いします
| 환불해 주세요.|\n감사합니다"""


def _table(block: str) -> list[str]:
    r"""All variants, language after language; a written \n is a line break within the text, ~ a space at its end."""
    lines = block.strip("\n").split("\n")
    return [part.replace("\\n", "\n").replace("~", " ") for line in lines for part in line.split("|")]


_CORE = [sentence for reason in REASONS for sentence in _table(_SENTENCES[reason])]
_OPENINGS = _table(_BEFORE)
_CLOSINGS = _table(_AFTER)


def complaint_texts(rng: np.random.Generator, reason: Ints, language: Ints) -> pa.Array:
    """One text a row, by the positions of its reason in REASONS and of its language in LANGUAGES.

    Some have line breaks and quotation marks, as people write them: a reader of CSV has to cope.
    """
    size, languages = len(reason), len(LANGUAGES)
    core = (reason * languages + language) * 3 + rng.integers(0, 3, size)
    opening = language * 4 + rng.choice(4, size, p=[0.55, 0.15, 0.2, 0.1])
    closing = language * 3 + rng.choice(3, size, p=[0.6, 0.3, 0.1])
    return joined(taken(_OPENINGS, opening), taken(_CORE, core), taken(_CLOSINGS, closing))
