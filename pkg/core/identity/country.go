package identity

// AppendLetters lower-cases s and appends what of it is a to z.
func AppendLetters(dst []byte, s string) []byte {
	start := len(dst)
	dst = AppendLower(dst, s)
	kept := dst[:start]
	for _, c := range dst[start:] {
		if c >= 'a' && c <= 'z' {
			kept = append(kept, c)
		}
	}
	return kept
}

// AppendCountry appends the ISO 3166-1 alpha-2 code, in lower case, of a code
// or of a country's English name; false, and nothing of use appended, where s
// is neither. It never cuts: half a name is another country.
func AppendCountry(dst []byte, s string) ([]byte, bool) {
	start := len(dst)
	dst = AppendLetters(dst, s)
	if len(dst)-start > 2 || string(dst[start:]) == shortName {
		code, ok := countryNames[string(dst[start:])]
		return append(dst[:start], code...), ok
	}
	_, ok := CountryCode(string(dst[start:]))
	return dst, ok
}

// shortName is the one name of two letters; every other word of two is a code or
// nothing.
const shortName = "uk"

// countryNames are English names of countries, letters a to z only: the short
// names of ISO 3166-1, their plain forms, and what else people write. Names
// whose accented letters fall away stand here without them.
var countryNames = map[string]string{
	"andorra": "ad", "unitedarabemirates": "ae", "unitedarabemiratesthe": "ae", "afghanistan": "af",
	"antiguaandbarbuda": "ag", "anguilla": "ai", "albania": "al", "armenia": "am", "angola": "ao", "antarctica": "aq",
	"argentina": "ar", "americansamoa": "as", "austria": "at", "australia": "au", "aruba": "aw", "alandislands": "ax",
	"landislands": "ax", "azerbaijan": "az", "bosniaandherzegovina": "ba", "barbados": "bb", "bangladesh": "bd",
	"belgium": "be", "burkinafaso": "bf", "bulgaria": "bg", "bahrain": "bh", "burundi": "bi", "benin": "bj",
	"saintbarthelemy": "bl", "saintbarthlemy": "bl", "bermuda": "bm", "brunei": "bn", "bruneidarussalam": "bn",
	"bolivia": "bo", "boliviaplurinationalstateof": "bo", "bonairesinteustatiusandsaba": "bq", "brazil": "br",
	"bahamas": "bs", "bahamasthe": "bs", "thebahamas": "bs", "bhutan": "bt", "bouvetisland": "bv", "botswana": "bw",
	"belarus": "by", "belize": "bz", "canada": "ca", "cocosislands": "cc", "cocoskeelingislands": "cc",
	"cocoskeelingislandsthe": "cc", "congodemocraticrepublicofthe": "cd", "congothedemocraticrepublicofthe": "cd",
	"democraticrepublicofthecongo": "cd", "centralafricanrepublic": "cf", "centralafricanrepublicthe": "cf",
	"congo": "cg", "congothe": "cg", "switzerland": "ch", "cotedivoire": "ci", "ctedivoire": "ci", "ivorycoast": "ci",
	"cookislands": "ck", "cookislandsthe": "ck", "chile": "cl", "cameroon": "cm", "china": "cn", "colombia": "co",
	"costarica": "cr", "cuba": "cu", "caboverde": "cv", "capeverde": "cv", "curaao": "cw", "curacao": "cw",
	"christmasisland": "cx", "cyprus": "cy", "czechrepublic": "cz", "germany": "de", "djibouti": "dj", "denmark": "dk",
	"dominica": "dm", "dominicanrepublic": "do", "dominicanrepublicthe": "do", "algeria": "dz", "ecuador": "ec",
	"estonia": "ee", "egypt": "eg", "westernsahara": "eh", "eritrea": "er", "spain": "es", "ethiopia": "et",
	"finland": "fi", "fiji": "fj", "falklandislands": "fk", "falklandislandsmalvinas": "fk",
	"falklandislandsthemalvinas": "fk", "micronesia": "fm", "micronesiafederatedstatesof": "fm", "faroeislands": "fo",
	"faroeislandsthe": "fo", "france": "fr", "gabon": "ga", "uk": "gb", "unitedkingdom": "gb",
	"unitedkingdomofgreatbritainandnorthernireland": "gb", "unitedkingdomofgreatbritainandnorthernirelandthe": "gb",
	"grenada": "gd", "georgia": "ge", "frenchguiana": "gf", "guernsey": "gg", "ghana": "gh", "gibraltar": "gi",
	"greenland": "gl", "gambia": "gm", "gambiathe": "gm", "thegambia": "gm", "guinea": "gn", "guadeloupe": "gp",
	"equatorialguinea": "gq", "greece": "gr", "southgeorgiaandthesouthsandwichislands": "gs", "guatemala": "gt",
	"guam": "gu", "guineabissau": "gw", "guyana": "gy", "hongkong": "hk", "heardislandandmcdonaldislands": "hm",
	"honduras": "hn", "croatia": "hr", "haiti": "ht", "hungary": "hu", "indonesia": "id", "ireland": "ie",
	"israel": "il", "isleofman": "im", "ind": "in", "india": "in", "britishindianoceanterritory": "io",
	"britishindianoceanterritorythe": "io", "iraq": "iq", "iran": "ir", "iranislamicrepublicof": "ir", "iceland": "is",
	"italy": "it", "jersey": "je", "jamaica": "jm", "jordan": "jo", "japan": "jp", "kenya": "ke", "kyrgyzstan": "kg",
	"cambodia": "kh", "kiribati": "ki", "comoros": "km", "comorosthe": "km", "saintkittsandnevis": "kn",
	"koreademocraticpeoplesrepublicof": "kp", "koreathedemocraticpeoplesrepublicof": "kp", "northkorea": "kp",
	"korearepublicof": "kr", "koreatherepublicof": "kr", "southkorea": "kr", "kuwait": "kw", "caymanislands": "ky",
	"caymanislandsthe": "ky", "kazakhstan": "kz", "laopeoplesdemocraticrepublic": "la",
	"laopeoplesdemocraticrepublicthe": "la", "laos": "la", "lebanon": "lb", "saintlucia": "lc", "liechtenstein": "li",
	"srilanka": "lk", "liberia": "lr", "lesotho": "ls", "lithuania": "lt", "luxembourg": "lu", "latvia": "lv",
	"libya": "ly", "morocco": "ma", "monaco": "mc", "moldova": "md", "moldovarepublicof": "md",
	"moldovatherepublicof": "md", "montenegro": "me", "saintmartin": "mf", "saintmartinfrenchpart": "mf",
	"madagascar": "mg", "marshallislands": "mh", "marshallislandsthe": "mh", "macedonia": "mk",
	"macedoniatheformeryugoslavrepublicof": "mk", "northmacedonia": "mk", "mali": "ml", "myanmar": "mm",
	"mongolia": "mn", "macao": "mo", "macau": "mo", "northernmarianaislands": "mp", "northernmarianaislandsthe": "mp",
	"martinique": "mq", "mauritania": "mr", "montserrat": "ms", "malta": "mt", "mauritius": "mu", "maldives": "mv",
	"malawi": "mw", "mexico": "mx", "malaysia": "my", "mozambique": "mz", "namibia": "na", "newcaledonia": "nc",
	"niger": "ne", "nigerthe": "ne", "norfolkisland": "nf", "nigeria": "ng", "nicaragua": "ni", "netherlands": "nl",
	"netherlandskingdomofthe": "nl", "netherlandsthe": "nl", "thenetherlands": "nl", "norway": "no", "nepal": "np",
	"nauru": "nr", "niue": "nu", "newzealand": "nz", "oman": "om", "panama": "pa", "peru": "pe",
	"frenchpolynesia": "pf", "papuanewguinea": "pg", "philippines": "ph", "philippinesthe": "ph", "pakistan": "pk",
	"poland": "pl", "saintpierreandmiquelon": "pm", "pitcairn": "pn", "puertorico": "pr", "palestine": "ps",
	"palestinestateof": "ps", "palestinianterritoryoccupied": "ps", "portugal": "pt", "palau": "pw", "paraguay": "py",
	"qatar": "qa", "reunion": "re", "runion": "re", "romania": "ro", "serbia": "rs", "russia": "ru",
	"russianfederation": "ru", "russianfederationthe": "ru", "rwanda": "rw", "saudiarabia": "sa",
	"solomonislands": "sb", "seychelles": "sc", "sudan": "sd", "sudanthe": "sd", "sweden": "se", "singapore": "sg",
	"sainthelena": "sh", "sainthelenaascensionandtristandacunha": "sh", "slovenia": "si", "svalbardandjanmayen": "sj",
	"slovakia": "sk", "sierraleone": "sl", "sanmarino": "sm", "senegal": "sn", "somalia": "so", "suriname": "sr",
	"southsudan": "ss", "saotomeandprincipe": "st", "elsalvador": "sv", "sintmaarten": "sx",
	"sintmaartendutchpart": "sx", "syria": "sy", "syrianarabrepublic": "sy", "syrianarabrepublicthe": "sy",
	"eswatini": "sz", "swaziland": "sz", "turksandcaicosislands": "tc", "turksandcaicosislandsthe": "tc", "chad": "td",
	"frenchsouthernterritories": "tf", "frenchsouthernterritoriesthe": "tf", "togo": "tg", "thailand": "th",
	"tajikistan": "tj", "tokelau": "tk", "easttimor": "tl", "timorleste": "tl", "turkmenistan": "tm", "tunisia": "tn",
	"tonga": "to", "turkey": "tr", "trinidadandtobago": "tt", "tuvalu": "tv", "taiwan": "tw",
	"taiwanprovinceofchina": "tw", "tanzania": "tz", "tanzaniatheunitedrepublicof": "tz",
	"tanzaniaunitedrepublicof": "tz", "ukraine": "ua", "uganda": "ug", "unitedstatesminoroutlyingislands": "um",
	"unitedstatesminoroutlyingislandsthe": "um", "unitedstates": "us", "unitedstatesofamerica": "us",
	"unitedstatesofamericathe": "us", "usa": "us", "uruguay": "uy", "uzbekistan": "uz", "holysee": "va",
	"holyseethe": "va", "holyseevaticancitystate": "va", "vatican": "va", "vaticancity": "va", "vaticancitystate": "va",
	"saintvincentandthegrenadines": "vc", "venezuela": "ve", "venezuelabolivarianrepublicof": "ve",
	"britishvirginislands": "vg", "virginislandsbritish": "vg", "usvirginislands": "vi", "virginislandsus": "vi",
	"vietnam": "vn", "vanuatu": "vu", "wallisandfutuna": "wf", "samoa": "ws", "yemen": "ye", "mayotte": "yt",
	"southafrica": "za", "zambia": "zm", "zimbabwe": "zw",
}
