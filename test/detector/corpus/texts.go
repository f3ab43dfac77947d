package corpus

import (
	"fmt"
	"strings"
)

// Texts are harmless: names of articles and pages, campaigns, terms, codes,
// versions, user agents.
func Texts() []Case {
	var list []Case
	add := func(group string, rule Rule, texts []string) {
		for _, s := range texts {
			list = append(list, Case{group, s, rule})
		}
	}
	r := source(6)
	var made []string
	for range 3000 {
		made = append(made, fmt.Sprintf("%s %s %s", pick(adjectives, r.IntN), pick(nouns, r.IntN), fmt.Sprintf(pick(sizes, r.IntN), 1+r.IntN(200), 1+r.IntN(200))))
	}
	add("names of articles", Text, made)
	add("hand-made texts", Text, lines(harmless))
	add("user agents", ID, lines(userAgents))
	return list
}

func pick(list []string, next func(int) int) string { return list[next(len(list))] }

func lines(s string) []string { return strings.Split(strings.TrimSpace(s), "\n") }

var (
	adjectives = strings.Fields("blue rot élégant große Basic Classic Premium kleine weiße Größere naïve 男士 синий noire Ladies' Kid's")
	nouns      = strings.Fields("kettle T-Shirt Wasserkocher Théière Schuhe Sweatshirt 连衣裙 чайник カメラ Hose Dining-Table lamp notebook USB-C-Kabel A4-Papier")
	sizes      = []string{"%d × %d cm", "%d x %d mm", "(%d/%d)", "%d–%d l", "EU %d | UK %d", "%d,%02d €", "%d %% off, code %d", "No. %d-%d", "%d pcs @ %d", "v%d.%d", "№ %d / %d", "size %d½ (%d)"}
)

// harmless are texts that a search which is too keen takes for something.
const harmless = `
2026-11-20
20.11.2026 10:30
2026-11-20T10:30:00.000Z
Mon, 20 Nov 2026 10:30:00 GMT
$1,299.00
1.299,00 €
1 299,00 kr
100 000 000
98–104 110–116
25-34 35-44 women
Size 38/40 42/44
10 x 15 cm (4 x 6 in)
Basic Sweatshirt navy
Basic Trousers, relaxed
The bearer of good news
Meet us at shop.example on Monday
seen at shop.example
look at the dot on the map
arrive at noon
@2x
icon@2x
sale (at the store)
Sale [atelier]
Kettle (attachment)
all items @ 20% off
follow @shop_example
Save 50% now
100% cotton
50%25 off
a=40 b=50
?size=40&colour=2b
Tom & Jerry &amp; friends
Caf&eacute; cr&egrave;me
C:\users\x
\u00e9l\u00e9gant
Zoë’s “best” choice…
10 °C – 30 °C
½ price
²nd hand
Ⅷ edition
①②③
٪ ٣٠ خصم
価格：１，２００円
サイズ：２３．５ｃｍ
１２３
👟 Run 5K 🏃‍♀️
iPhone 17 Pro Max 256 GB
Windows 11 Pro 64-bit
RTX 5090 32GB GDDR7
ISBN 978-3-16-148410-0
EAN 4006381333931
DIN EN ISO 9001:2015
RAL 7016
HSN 85171300
Flight LH 400, seat 12A
autumn_sale_2026
utm-campaign-2026-11-black-friday
summer+sale+women
spring|dresses|retargeting
120212345678901234
23849459289298320
cmp_6f1c2a9b
b2c_de_search_brand_exact
key: value
token gesture
secret santa gift box
password-free login
pass=gold
lead gen form v2
GB29 tyres
DE-10115 Berlin
NO 2026 1121
FR75 Paris
SE123
X1234567
AB12 3CD`

// userAgents are judged as ids.
const userAgents = `
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36
Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.7444.176 Safari/537.36 Edg/142.0.3595.94
Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0
Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0
Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1
Mozilla/5.0 (iPad; CPU OS 17_7_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.7.2 Mobile/15E148 Safari/604.1
Mozilla/5.0 (Linux; Android 14; SM-S928B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/131.0.6778.260 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/495.0.0.45.201;]
Mozilla/5.0 (iPhone; CPU iPhone OS 18_1_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22B91 [FBAN/FBIOS;FBAV/494.0.0.39.107;FBBV/677012345;FBDV/iPhone16,2;FBMD/iPhone;FBSN/iOS;FBSV/18.1.1;FBSS/3;FBID/phone;FBLC/de_DE;FBOP/5;FBRV/679012345]
Mozilla/5.0 (Linux; Android 13; 2201117TY Build/TKQ1.221114.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/131.0.6778.200 Mobile Safari/537.36 Instagram 361.0.0.46.88 Android (33/13; 420dpi; 1080x2187; Xiaomi/Redmi; 2201117TY; spes; qcom; de_DE; 674675155; IABMV/1)
Mozilla/5.0 (Linux; Android 12; LE2113) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36 musical_ly_2023708030 JsSdk/1.0 NetType/WIFI Channel/googleplay AppName/musical_ly app_version/37.8.3 ByteLocale/de-DE
Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)
Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36
facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)
Dalvik/2.1.0 (Linux; U; Android 9; SM-G960F Build/PPR1.180610.011)
okhttp/4.12.0
MyShop/5.12.0 (com.example.shop; build:20261121.1; iOS 18.1.0) Alamofire/5.9.1
curl/8.9.1
python-requests/2.32.3
Mozilla/5.0 (Windows NT 6.1; Trident/7.0; SLCC2; .NET CLR 2.0.50727; .NET CLR 3.5.30729; .NET CLR 3.0.30729; Media Center PC 6.0; .NET4.0C; rv:11.0) like Gecko
Opera/9.80 (J2ME/MIDP; Opera Mini/9.80 (S60; SymbOS; Opera Mobi/23.348; U; en) Presto/2.5.25 Version/10.54`

// Apart are strings that identify somebody and that no form tells from what is
// harmless: they are counted, without a goal.
func Apart() []Case {
	r := source(7)
	var list []Case
	add := func(group, layout string, values func() []any) {
		for range 100 {
			list = append(list, Case{group, fmt.Sprintf(layout, values()...), Text})
		}
	}
	n := func(from, to int) any { return from + r.IntN(to-from) }
	add("phone number, bare digits", "0151%08d", func() []any { return []any{n(0, 1e8)} })
	add("phone number, one separator", "0151/%08d", func() []any { return []any{n(0, 1e8)} })
	add("social security number, bare", "%09d", func() []any { return []any{n(1e8, 8e8)} })
	add("date of birth", "19%02d-%02d-%02d", func() []any { return []any{n(40, 99), n(1, 13), n(1, 29)} })
	add("coordinates", "%d.%05d, %d.%05d", func() []any { return []any{n(40, 60), n(0, 1e5), n(5, 15), n(0, 1e5)} })
	add("IP address", "203.%d.%d.%d", func() []any { return []any{n(0, 256), n(0, 256), n(0, 256)} })
	add("MAC address", "3c:22:fb:%02x:%02x:%02x", func() []any { return []any{n(0, 256), n(0, 256), n(0, 256)} })
	add("MD5 of an address", "%08x%08x%08x%08x", func() []any { return []any{r.Uint32(), r.Uint32(), r.Uint32(), r.Uint32()} })
	add("street", "Musterstraße %d", func() []any { return []any{n(1, 200)} })
	add("name", "%s Mustermann", func() []any { return []any{pick(strings.Fields("Jane Max Maria Olga Li"), r.IntN)} })
	add("address without a domain", "jane%d@localhost", func() []any { return []any{n(1, 99)} })
	add("key of lower case", "%08x-live-%08x", func() []any { return []any{r.Uint32(), r.Uint32()} })
	return list
}
