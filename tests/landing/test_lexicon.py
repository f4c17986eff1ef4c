"""The lexicon reads a complaint as a person would: in fourteen languages, with negation and near-misses."""

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
    "polish": """
        To podróbka, logo jest błędne
        Produkt podrobiony, numer seryjny nie istnieje
        To nie jest oryginał, tylko falsyfikat
        Buty nie są oryginalne
        Dostałam fałszywy produkt
        Perfumy nieoryginalne, pachną alkoholem
        Nie sądzę, że to oryginał
        Sprzedają podróbki!
        Wygląda na podróbkę""",
    "dutch": """
        Het is namaak, de naden zitten scheef
        Nep! Geld terug
        De tas is niet origineel
        Dit is niet echt.
        Goedkope imitatie van het merk
        Vervalsing ontvangen
        Geen originele oplader, wordt heet
        De schoenen zijn nep
        Ik kreeg een replica""",
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
    "polish": """
        To nie jest podróbka, ale przyszło późno
        Fałszywe opinie, nie wierzcie
        Nie przyszło w oryginalnym opakowaniu
        Bardzo oryginalny prezent
        Bałem się, że to podróbka
        Imitacja skóry się łuszczy
        Numer przesyłki jest fałszywy
        Nie dotarło""",
    "dutch": """
        Het is geen namaak, maar wel te duur
        Ik ben niet echt tevreden
        Neppe reviews, trap er niet in
        Niet in de originele verpakking
        Nepleer laat los na een week
        Geen echt leer zoals beschreven
        Nooit ontvangen
        De replica van het schip is zoals beschreven, maar kwam laat""",
}

# One rule a table, each with a sentence or two in every language.

NO_DOUBT_THAT_IT_IS_FAKE = {
    "english": """
        There is no doubt this is a fake
        Without doubt a fake
        There is not a shadow of a doubt these are fake
        I do not doubt it is fake
        I cannot believe it is fake
        Could not believe they are counterfeit""",
    "portuguese": """
        Não duvido que seja falso
        Não tenho dúvida nenhuma que é uma réplica
        Não consigo acreditar que seja falso""",
    "spanish": """
        No dudo que es falso
        Sin ninguna duda es una imitación
        No puedo creer que sea falso""",
    "german": """
        Ohne Zweifel eine Fälschung
        Ich bezweifle nicht dass es eine Fälschung ist
        Ich kann nicht glauben, dass es eine Fälschung ist""",
    "french": """
        Sans aucun doute un faux
        Je ne doute pas que ce soit une contrefaçon
        Je n'arrive pas à croire que ce soit une contrefaçon""",
    "italian": """
        Senza alcun dubbio è un falso
        Non dubito che sia falso
        Non posso credere che sia falso""",
    "turkish": """
        Şüphesiz sahte
        Sahte olduğundan şüphe yok
        Sahte olduğuna inanamıyorum""",
    "russian": """
        Без сомнения подделка
        Не сомневаюсь что это подделка
        Не могу поверить, что это подделка""",
    "arabic": """
        لا شك أنه مقلد
        ما اشك انه مقلد
        لا أصدق أنه مقلد""",
    "chinese, simplified": """
        毫无疑问是假的
        无非是假货
        不敢相信是假货""",
    "chinese, traditional": """
        毫無疑問是假貨
        難道不是假貨嗎""",
    "japanese": """
        偽物に違いない
        偽物とは信じられない""",
    "korean": """
        틀림없이 가짜
        가짜라고 믿을 수 없어요""",
    "polish": """
        Bez wątpienia podróbka
        Nie wątpię, że to podróbka
        Nie mogę uwierzyć, że to podróbka""",
    "dutch": """
        Zonder twijfel namaak
        Er is geen twijfel dat het nep is
        Ik kan niet geloven dat het nep is""",
}

NO_DOUBT_THAT_IT_IS_GENUINE = {
    "english": """
        There is no doubt it is genuine
        I do not doubt its authenticity""",
    "portuguese": """
        Sem dúvida original
        Não duvido da autenticidade""",
    "spanish": """
        Sin duda es original
        No dudo de su autenticidad""",
    "german": """
        Ohne Zweifel ein Original
        Ich habe keinen Zweifel an der Echtheit""",
    "french": """
        Sans aucun doute authentique
        Aucun doute sur l'authenticité""",
    "italian": """
        Senza dubbio originale
        Nessun dubbio sull'autenticità""",
    "turkish": """
        Şüphesiz orijinal
        Orijinalliğinden şüphem yok""",
    "russian": """
        Без сомнения оригинал
        Нет сомнений в подлинности""",
    "arabic": """
        لا شك أنه أصلي
        لا شك في اصالته""",
    "chinese, simplified": "毫无疑问是正品",
    "chinese, traditional": "毫無疑問是正品",
    "japanese": "間違いなく本物です",
    "korean": "틀림없이 정품입니다",
    "polish": "Bez wątpienia oryginał",
    "dutch": "Zonder twijfel origineel",
}

HARD_TO_BELIEVE_GENUINE = {
    "english": "I can't believe this is genuine, the stitching is crooked",
    "portuguese": "Não consigo acreditar que seja original",
    "spanish": "No puedo creer que sea original",
    "german": """
        Ich kann nicht glauben, dass es ein Original ist
        Ich glaube nicht, dass die Tasche original ist
        Ich bezweifle, dass das ein Original ist""",
    "french": """
        Je n'arrive pas à croire que ce soit un original
        Je doute que ce soit un original""",
    "italian": "Non riesco a credere che sia originale",
    "turkish": """
        Orijinal olduğuna inanamıyorum
        Orijinal olduğundan şüpheliyim""",
    "russian": """
        Трудно поверить, что это оригинал
        Сомневаюсь, что это оригинал""",
    "arabic": """
        لا أصدق أنه أصلي
        أشك أنه أصلي""",
    "chinese, simplified": "不敢相信这是正品",
    "chinese, traditional": "很難相信這是正品",
    "japanese": "本物とは信じられません",
    "korean": "정품이라고 믿을 수 없어요",
    "polish": """
        Trudno uwierzyć, że to oryginał
        Wątpię, że to oryginał""",
    "dutch": "Ik kan niet geloven dat het origineel is",
}

NOT_FAKE = {
    "english": """
        They aren't fakes
        I don't believe it is fake
        I doubt it is fake""",
    "portuguese": """
        Não são falsos
        Duvido que seja falso""",
    "spanish": """
        No es una imitación
        Dudo que sea falso""",
    "german": """
        Keine Fälschungen
        Ich glaube nicht, dass es eine Fälschung ist""",
    "french": """
        Ce n'est pas un faux
        Je doute que ce soit une contrefaçon""",
    "italian": """
        Non è contraffatto
        Dubito che sia falso""",
    "turkish": """
        Çakma değil
        Sahte olduğunu düşünmüyorum""",
    "russian": """
        Не является подделкой
        Не думаю, что это подделка""",
    "arabic": """
        ليست مقلدة
        العطر مب تقليد""",
    "chinese, simplified": """
        不是假的
        应该不是假的，但是物流太慢
        不可能是假的""",
    "chinese, traditional": """
        這不是假的
        唔係假嘅""",
    "japanese": """
        偽物ではない
        本物だった
        偽物には見えない""",
    "korean": """
        가짜가 아니에요
        가짜 아님
        짝퉁이아니에요""",
    "polish": """
        To nie podróbka
        Nie sądzę, że to podróbka""",
    "dutch": """
        Het is niet nep
        Dit is geen vervalsing""",
}

THOUGHT_FAKE_BUT_GENUINE = {
    "english": """
        I thought it was fake but it is 100% original
        At first I thought fake. But it's genuine!
        Looked like a fake, turns out it is authentic""",
    "portuguese": """
        Achei que era falso mas é original
        Pensei que fosse uma réplica, mas é 100% original""",
    "spanish": """
        Creí que era falso pero es original
        Al principio pensé que era falso, pero resultó ser original""",
    "german": """
        Ich dachte, es wäre eine Fälschung, aber es ist ein Original
        Sah gefälscht aus, aber es ist original""",
    "french": """
        Je pensais que c'était une contrefaçon mais c'est un original
        Je croyais à un faux sac, mais il est bien authentique""",
    "italian": """
        Pensavo fosse falso ma è originale
        Credevo che fosse un falso, invece è originale""",
    "turkish": """
        Sahte sandım ama orijinal
        Sahte olduğunu düşündüm, meğer orijinalmiş""",
    "russian": """
        Думал что подделка, но это оригинал
        Сначала думала, что подделка, оказался оригинал""",
    "arabic": """
        ظننته مقلد لكنه أصلي
        كنت أحسبه تقليد بس طلع أصلي""",
    "chinese, simplified": """
        以为是假的，结果是正品
        一开始以为是假货，但是正品""",
    "chinese, traditional": "以為是假貨，結果是正品",
    "japanese": """
        偽物だと思ったけど本物だった
        偽物かと思いきや、本物でした""",
    "korean": """
        가짜인 줄 알았는데 정품이에요
        가짜라고 생각했는데 정품이었어요""",
    "polish": """
        Myślałem, że to podróbka, ale to oryginał
        Wyglądało na podróbkę, okazało się oryginalne""",
    "dutch": "Ik dacht dat het nep was, maar het is origineel",
}

THOUGHT_GENUINE_BUT_FAKE = {
    "english": """
        I thought it was original but it is fake
        I received a fake but the listing says it is original
        It is a fake but the original is better""",
    "portuguese": "Achei que era original mas é falso",
    "spanish": """
        Pensé que era original pero es falso
        Me llegó una réplica pero el original cuesta más""",
    "german": """
        Ich dachte, es ist ein Original, aber es ist eine Fälschung
        Eine Fälschung, aber das ist echt dreist""",
    "french": "Je pensais que c'était un original mais c'est une contrefaçon",
    "italian": "Pensavo fosse originale ma è falso",
    "turkish": "Orijinal sandım ama sahte",
    "russian": """
        Думал, что оригинал, но это подделка
        Прислали подделку, но оригинал стоит дороже""",
    "arabic": "ظننته أصلي لكنه مقلد",
    "chinese, simplified": """
        以为是正品，结果是假货
        是假货，但是正品要贵很多""",
    "chinese, traditional": "以為是正品，結果是假貨",
    "japanese": "本物だと思ったけど偽物だった",
    "korean": "정품인 줄 알았는데 가짜예요",
    "polish": "Myślałem, że to oryginał, ale to podróbka",
    "dutch": "Ik dacht dat het origineel was, maar het is nep",
}

BRANDED_GOODS = {
    "english": """
        fake glasses, not Ray-Ban
        Fake lens from Canon
        fake jewelry not Pandora
        Fake Logitech mouse""",
    "portuguese": """
        brinco falso da Vivara
        Câmera falsa da Canon""",
    "spanish": """
        Cámara falsa de Canon
        Joyería falsa de Pandora""",
    "german": "fake Kamera von Canon",
    "french": "Ils vendent de fausses lunettes Ray-Ban",
    "italian": "Orecchini falsi di Pandora",
    "turkish": "sahte gözlük, Ray-Ban değil",
    "russian": "поддельный фотоаппарат",
    "arabic": "نظارة مقلدة",
    "chinese, simplified": "假品牌眼镜",
    "chinese, traditional": "仿冒眼鏡",
    "japanese": "偽物のカメラ",
    "korean": "가짜 피규어",
    "polish": "Fałszywe okulary Ray-Ban",
    "dutch": "nep zonnebril van Ray-Ban",
}

# Words that another word is spelled like once accents are gone or languages are pooled, or that a star took in.
SPELLED_ALIKE_COUNTERFEIT = """
    Me mandaron unas falsas Adidas
    Es una falsa Louis Vuitton
    me llegó una fake
    Producto no original
    Es fake para mí
    É fake para enganar cliente
    È un fake ad occhio nudo
    Non è né originale né autentico
    Le scarpe sono false
    Das ist ne Fälschung
    Das ist 'n Fake
    Das ist echt kein Original
    Die Tasche scheint nicht echt zu sein
    Il s'agit de faux Nike
    C'est un faux pas un vrai
    В магазине поддельные кроссовки
    Имитация под известный бренд
    المنتج فيك
    莫非是假货
    偽物とはいえひどい
    가짜 퍼퓸"""
SPELLED_ALIKE_SOMETHING_ELSE = """
    Las uñas falsas se despegan
    Sólo me llegó una bamba
    La caña para trucha llegó rota
    Piratas del Caribe llegó rayado
    Pirates of the Caribbean DVD arrived scratched
    It was a false alarm, sorry
    The bootleg jeans are too short
    A fake ad, nothing arrived
    Im Mai Original bestellt
    Das ist 'n Original
    Un mazzo di tarocchi rovinato
    Un faux pas de la part du vendeur
    Паленый запах от зарядки
    الله يبارك فيك، لم يصل الطلب
    العلبة مضروبة
    到底是正品吗
    除非是正品
    味道不純正
    本物とはいえ高い
    本物には見えます
    모조리 깨져서 왔어요"""


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


@pytest.mark.parametrize(("language", "text", "answer"), table(NO_DOUBT_THAT_IT_IS_FAKE))
def test_a_doubt_that_is_none_denies_nothing(language, text, answer):
    assert answer, LEXICON.explain(text)


@pytest.mark.parametrize(("language", "text", "answer"), table(NO_DOUBT_THAT_IT_IS_GENUINE))
def test_a_doubt_that_is_none_accuses_nobody(language, text, answer):
    assert not answer, LEXICON.explain(text)


@pytest.mark.parametrize(("language", "text", "answer"), table(HARD_TO_BELIEVE_GENUINE))
def test_what_cannot_be_believed_genuine_counts(language, text, answer):
    assert answer, LEXICON.explain(text)


@pytest.mark.parametrize(("language", "text", "answer"), table(NOT_FAKE))
def test_what_is_not_fake_does_not_count(language, text, answer):
    assert not answer, LEXICON.explain(text)


@pytest.mark.parametrize(("language", "text", "answer"), table(THOUGHT_FAKE_BUT_GENUINE))
def test_a_fake_that_is_genuine_after_all_does_not_count(language, text, answer):
    assert not answer, LEXICON.explain(text)


@pytest.mark.parametrize(("language", "text", "answer"), table(THOUGHT_GENUINE_BUT_FAKE))
def test_an_original_that_is_fake_after_all_counts(language, text, answer):
    assert answer, LEXICON.explain(text)


@pytest.mark.parametrize(("language", "text", "answer"), table(BRANDED_GOODS))
def test_a_fake_of_what_is_sold_under_brand_names_counts(language, text, answer):
    assert answer, LEXICON.explain(text)


@pytest.mark.parametrize(("language", "text", "answer"), table({"any": SPELLED_ALIKE_COUNTERFEIT}))
def test_a_word_spelled_like_one_of_a_near_miss_or_a_negator_hides_nothing(language, text, answer):
    assert answer, LEXICON.explain(text)


@pytest.mark.parametrize(("language", "text", "answer"), table({"any": SPELLED_ALIKE_SOMETHING_ELSE}))
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


@pytest.mark.parametrize("sentences", [SAY_COUNTERFEIT, SAY_SOMETHING_ELSE])
def test_every_language_has_eight_sentences_of_each_kind(sentences):
    assert len(sentences) == 15  # Chinese twice
    assert all(len(block.strip().splitlines()) >= 8 for block in sentences.values())


@pytest.mark.parametrize(
    "sentences",
    [
        NO_DOUBT_THAT_IT_IS_FAKE,
        NO_DOUBT_THAT_IT_IS_GENUINE,
        HARD_TO_BELIEVE_GENUINE,
        NOT_FAKE,
        THOUGHT_FAKE_BUT_GENUINE,
        THOUGHT_GENUINE_BUT_FAKE,
        BRANDED_GOODS,
    ],
)
def test_every_rule_has_a_sentence_in_every_language(sentences):
    assert sentences.keys() == SAY_COUNTERFEIT.keys()


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
def test_a_megabyte_of_anything_is_read_in_bounded_time(piece):
    texts = pa.array([piece * (1_000_000 // len(piece))] * 4)
    started = time.perf_counter()
    assert LEXICON.is_counterfeit(texts).to_pylist() == [False] * 4
    assert time.perf_counter() - started < 5


def test_an_explanation_quotes_the_words_that_decided():
    assert LEXICON.explain("Não é ORIGINAL!") == "counterfeit: 'nao e original'"
    assert LEXICON.explain("It's not a fake") == "not counterfeit: denied by 'not a fake'"
    assert LEXICON.explain("bolo fake") == "not counterfeit: 'bolo fake' does not say it"
    assert LEXICON.explain("falso, mas é original") == "not counterfeit: denied by 'falso . mas e original'"


def test_explaining_and_reading_agree():
    tables = (SAY_COUNTERFEIT, SAY_SOMETHING_ELSE, NO_DOUBT_THAT_IT_IS_FAKE, THOUGHT_FAKE_BUT_GENUINE)
    texts = [text for sentences in tables for _, text, _ in table(sentences)][::20]
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
