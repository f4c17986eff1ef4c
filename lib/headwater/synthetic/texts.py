"""What complainants write: sentences by language and reason, and how a row's text is put together."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from headwater.synthetic.columns import Ints, joined, taken

REASONS = ["counterfeit", "not_as_described", "damaged", "not_received", "other"]
LANGUAGES = ["en", "de", "fr", "it", "es", "tr", "pl", "zh"]

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
这是假货，商标印错了。|明显是假冒产品，序列号查不到。|不是正品，专柜说是仿冒的。""",
    "not_as_described": """
The colour differs from the picture.|Wrong size, not as described.|The material is not what was promised.
Die Farbe weicht vom Bild ab.|Falsche Größe, nicht wie beschrieben.|Das Material ist anders als versprochen.
La couleur diffère de la photo.|Mauvaise taille, non conforme à la description.|La matière n'est pas celle promise.
Il colore è diverso dalla foto.|Taglia sbagliata, non come descritto.|Il materiale non è quello promesso.
El color es distinto al de la foto.|Talla equivocada, no es como se describe.|El material no es el prometido.
Rengi fotoğraftakinden farklı.|Beden yanlış, açıklamaya uymuyor.|Kumaşı söylenenden başka.
Kolor inny niż na zdjęciu.|Zły rozmiar, niezgodny z opisem.|Materiał inny niż obiecany.
颜色和图片不一样。|尺码不对，与描述不符。|材质与说明不一样。""",
    "damaged": """
The box was crushed and the item broken.|It arrived damaged.|There is a crack on one side.
Der Karton war zerdrückt, der Artikel kaputt.|Kam beschädigt an.|Es hat einen Riss an der Seite.
Le colis était écrasé et l'article cassé.|Arrivé endommagé.|Il y a une fissure sur le côté.
La scatola era schiacciata e l'articolo rotto.|Arrivato danneggiato.|C'è una crepa su un lato.
La caja estaba aplastada y el artículo roto.|Llegó dañado.|Tiene una grieta en un lado.
Kutu ezilmiş, ürün kırık geldi.|Hasarlı geldi.|Bir yanında çatlak var.
Karton był zgnieciony, a towar zepsuty.|Dotarło uszkodzone.|Z boku jest pęknięcie.
包装压坏了，东西碎了。|收到时已经损坏。|侧面有裂缝。""",
    "not_received": """
The parcel never arrived.|Still waiting, tracking does not move.|Marked as delivered but nothing came.
Das Paket kam nie an.|Ich warte noch immer, die Sendung bewegt sich nicht.|Als zugestellt gemeldet, aber nichts da.
Le colis n'est jamais arrivé.|J'attends toujours, le suivi ne bouge pas.|Indiqué livré mais rien reçu.
Il pacco non è mai arrivato.|Aspetto ancora, la spedizione è ferma.|Risulta consegnato ma non c'è nulla.
El paquete nunca llegó.|Sigo esperando, el envío no avanza.|Consta como entregado pero no hay nada.
Paket hiç gelmedi.|Hâlâ bekliyorum, kargo ilerlemiyor.|Teslim edildi görünüyor ama gelmedi.
Paczka nigdy nie dotarła.|Wciąż czekam, przesyłka stoi.|Oznaczono jako doręczone, a nic nie ma.
包裹一直没收到。|还在等，物流没有更新。|显示已签收但没有收到。""",
    "other": """
Please call me back about the invoice.|I ordered twice by mistake.|The seller does not answer.
Bitte um Rückruf wegen der Rechnung.|Ich habe versehentlich doppelt bestellt.|Der Verkäufer antwortet nicht.
Merci de me rappeler pour la facture.|J'ai commandé deux fois par erreur.|Le vendeur ne répond pas.
Richiamatemi per la fattura.|Ho ordinato due volte per errore.|Il venditore non risponde.
Llámenme por la factura, por favor.|Pedí dos veces por error.|El vendedor no contesta.
Fatura için beni arayın.|Yanlışlıkla iki kez sipariş verdim.|Satıcı cevap vermiyor.
Proszę o telefon w sprawie faktury.|Zamówiłem dwa razy przez pomyłkę.|Sprzedawca nie odpowiada.
请就发票问题回电。|我误下了两单。|卖家不回复。""",
}
_BEFORE = r"""
|Hello,\n|Very disappointed. |"Great quality" they said, well:~
|Guten Tag,\n|Sehr enttäuscht. |"Top Qualität", hieß es:~
|Bonjour,\n|Très déçu. |« Super qualité », disaient-ils :~
|Buongiorno,\n|Molto deluso. |"Ottima qualità", dicevano:~
|Hola,\n|Muy decepcionado. |"Gran calidad", decían:~
|Merhaba,\n|Çok üzgünüm. |"Süper kalite" dediler:~
|Dzień dobry,\n|Bardzo rozczarowany. |"Świetna jakość", mówili:~
|您好：\n|非常失望。|说是“质量很好”，结果："""
_AFTER = r"""
| I want my money back.|\nThanks
| Ich will mein Geld zurück.|\nDanke
| Je veux être remboursé.|\nMerci
| Rivoglio i miei soldi.|\nGrazie
| Quiero mi dinero.|\nGracias
| Paramı geri istiyorum.|\nTeşekkürler
| Chcę zwrotu pieniędzy.|\nDziękuję
|我要退款。|\n谢谢"""


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
