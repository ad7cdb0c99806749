"""Validators for a single line of text, shared by forms and the API."""

import re
from unicodedata import category, normalize

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

# Control characters such as line breaks would allow header injection in e-mails.
no_control_characters = RegexValidator(r"^[^\x00-\x1f\x7f-\x9f]*\Z", _("Must not contain control characters."))

#: Endings that mail programs turn into links and that anybody can register, without those that addresses have after a
#: full stop, as in "Flat.No 5".
_ENDINGS = """
    com net org info biz edu gov mil int mobi name pro xxx asia jobs travel eu xn--[a-z0-9-]+
    academy accountants agency app auction autos bank bar beauty best bet bid blog boats bond build business buzz
    care careers cash casino center cfd chat cheap church city claims clean click clinic cloud club codes coffee
    college community company computer contact cool coupons credit creditcard cricket cyou date dating day deals
    delivery design dev digital direct directory discount dog download education email energy enterprises events
    exchange expert express faith fans farm finance financial fit foundation fun fund fyi games gdn gift gifts
    global gmbh gold group guru hair help holdings homes host hosting icu immo institute insurance investments kim
    lat legal life limited link live loan loans lol ltd management market marketing mba media moe mom money monster
    mortgage mov network news ninja observer one online ooo page party pay photo photos pics plus poker porn press
    promo properties pub quest racing recipes ren rent rentals rest restaurant review reviews rip rocks run sale sbs
    school science security services sex shop shopping show site skin social software solar solutions space store
    stream studio style support surf systems tax team tech technology tips today tokyo tools top trade trading uno
    vip vote wang watch webcam website wiki win work works world wtf xyz yoga zip zone
    ac ad ae af ag ai ar as at au az ba bd be bg bo br by ca cc cd cf ch ci cl cm cn co cx cy cz de dk dz ec ee eg
    es fi fm fo fr ga ge gg gl gq gr gt hk hr hu id ie il in io ir is it jp ke kg kr kz li lk lt lu lv ly ma md me
    mk ml mn ms mu mx my ng nl nu nz pe ph pk pl pm pn pt pw py qa re ro rs ru sa sc se sg sh si sk so su sx tc th
    tk tl tm tn to tr tv tw ua ug uk us uy uz vc ve vg vn ws za
    рф рус укр бел срб мкд қаз онлайн сайт москва орг дети ελ бг 中国 中國 台灣
    香港 公司 网络 在线 网址 商城 集团 한국 닷컴 みんな コム
"""
#: Abbreviations before which a full stop ends no label, as in "Avda.de la Paz", "Dr.in" and "Co.KG".
_ABBREVIATIONS = """
    av avd avda ave bd blvd cap cl co col cra ctra dr et fa fco gen ing ma mag nr pl plza plz prof pza sr sra st ste str
    urb
"""
_STOP = "[.\u3002]" + "".join(rf"(?<!\b{each}.)" for each in _ABBREVIATIONS.split())
#: Linear in the length of the text, which is checked even if it is too long for its field.
_LINK = re.compile(
    rf"[a-z0-9+-]:/|\bwww\d?{_STOP}"
    rf"|[\w-]{{2}}{_STOP}(?:{'|'.join(_ENDINGS.split())})(?!\w)"
    rf"|[^\W\d]{_STOP}[a-z]{{2,}}/\S"
    r"|\d(?:\.\d+){3}",
    re.IGNORECASE,
)


def no_links(text: str) -> None:
    """Names and addresses are e-mailed to whoever is named as the recipient, so they carry no message of their own."""
    if _LINK.search(_as_read(text)):
        raise ValidationError(_("Must not contain web addresses."), code="link")


def _as_read(text: str) -> str:
    """Without characters that nobody sees, and with full-width letters as the plain ones that browsers make of them."""
    return normalize("NFKC", "".join(each for each in text if category(each) != "Cf"))
