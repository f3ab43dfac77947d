package corpus

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
)

// source makes the same numbers every time.
func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 16)) }

// emails are addresses of every usual form.
func emails() []string {
	return strings.Fields(`
		jane@example.com JANE.DOE@EXAMPLE.COM jane.doe@mail.example.org j@x.example jane+tag@gmail.com jane_doe@example.co.uk jane-doe@my-shop.example
		o'neil@example.ie jane%doe@example.com 1234567@qq.example jane.doe+order-17@sub.domain.example.de info@xn--mnchen-3ya.example josé@exämple.de
		иван@почта.example 王芳@例子.example bounce=jane=example.org@list.example jane#1@example.com jane!doe@example.net a@b.c a.b.c.d@e.f.g.example
		jane.doe@1und1.example jane@123.example.com jane@example.museum jane@example.photography SRS0=HHH=TT=example.org=jane@relay.example
		jane.doe.1990@hotmail.example jdoe@hs-münchen.example jane@localhost.localdomain {jane}@example.com jane~x@example.com jane@192.0.2.1
		jane@EXAMPLE.Com kunde-4711@shop.example no-reply@x.y.z.example gmail.jane@gmail.com j.d@o2.example jane.doe@t-online.example
		jane@ex-ample.com 0@0.example _jane_@example.com jane/doe@example.com jane&john@example.com jane*@example.com jane^@example.com`)
}

// phones are international numbers that can be dialled, each in three forms.
func phones() []string {
	var list []string
	for _, n := range strings.Fields(`
		+49:151:23456789 +49:30:901820 +49:89:1234567 +1:650:2530000 +1:212:5550187 +1:416:5550123 +44:20:79460958 +44:7400:123456 +33:6:12345678 +33:1:42685300
		+34:612:345678 +39:312:3456789 +39:06:69812345 +31:6:12345678 +32:470:123456 +41:78:1234567 +43:664:1234567 +45:20:123456 +46:70:1234567
		+47:406:12345 +48:512:345678 +351:912:345678 +353:85:0123456 +358:41:2345678 +420:601:123456 +421:912:123456 +36:20:1234567 +40:712:034567
		+30:691:2345678 +90:501:2345678 +7:912:3456789 +380:50:1234567 +91:81234:56789 +86:131:23456789 +81:90:12345678 +82:10:20000000 +61:412:345678
		+64:21:1234567 +55:11:961234567 +52:222:1234567 +54:9:1123456789 +27:71:1234567 +20:100:1234567 +234:802:1234567 +971:50:1234567 +966:51:2345678 +972:50:2345678`) {
		code, rest, _ := strings.Cut(n, ":")
		area, number, _ := strings.Cut(rest, ":")
		list = append(list, code+area+number, code+" "+area+" "+number, code+"-"+area+"-"+number, code+" ("+area+") "+number, "00"+code[1:]+area+number, "00"+code[1:]+" "+area+" "+number)
	}
	return list
}

// separatedPhones are national numbers as people write them.
func separatedPhones() []string {
	list := strings.Split("(650) 555-1212|650-555-1212|650.555.1212|0151 23456789|06 12 34 56 78|06.12.34.56.78|(030) 901820|0 30 / 90 18 20|020 7946 0958|[0151] 23456789", "|")
	r := source(1)
	for range 40 {
		list = append(list, fmt.Sprintf("0%d %07d", 30+r.IntN(900), r.IntN(1e7)), fmt.Sprintf("(%d) %03d-%04d", 201+r.IntN(700), 200+r.IntN(700), r.IntN(1e4)))
	}
	return list
}

// cards are numbers of every network, together and in the groups of the card.
func cards() []string {
	r := source(2)
	var list []string
	for _, network := range []struct {
		prefix string
		digits int
		groups []int
	}{
		{"4", 16, []int{4, 4, 4, 4}}, {"51", 16, []int{4, 4, 4, 4}}, {"55", 16, []int{4, 4, 4, 4}}, {"2221", 16, []int{4, 4, 4, 4}}, {"2720", 16, []int{4, 4, 4, 4}},
		{"34", 15, []int{4, 6, 5}}, {"37", 15, []int{4, 6, 5}}, {"36", 14, []int{4, 6, 4}}, {"3055", 14, []int{4, 6, 4}}, {"3528", 16, []int{4, 4, 4, 4}},
		{"6011", 16, []int{4, 4, 4, 4}}, {"65", 16, []int{4, 4, 4, 4}}, {"62", 16, []int{4, 4, 4, 4}}, {"2200", 16, []int{4, 4, 4, 4}}, {"6759", 16, []int{4, 4, 4, 4}}, {"9792", 16, []int{4, 4, 4, 4}},
	} {
		for range 4 {
			n := luhn(r, network.prefix, network.digits)
			list = append(list, n, grouped(n, network.groups, " "), grouped(n, network.groups, "-"))
		}
	}
	return list
}

// luhn fills a prefix up with digits, the last of which is the check digit. What
// is an article number too (GTIN), or begins with a date, is no card by the rule.
func luhn(r *rand.Rand, prefix string, digits int) string {
	for {
		n := prefix
		for len(n) < digits-1 {
			n += fmt.Sprint(r.IntN(10))
		}
		sum := 0
		for i := range len(n) {
			d := int(n[len(n)-1-i] - '0')
			if i%2 == 0 {
				if d *= 2; d > 9 {
					d -= 9
				}
			}
			sum += d
		}
		n += fmt.Sprint((10 - sum%10) % 10)
		if (len(prefix) == 4 || n[2] > '1') && n[4] > '3' && (digits > 14 || !isGTIN(n)) {
			return n
		}
	}
}

func isGTIN(n string) bool {
	sum := 0
	for i := range len(n) {
		d := int(n[len(n)-1-i] - '0')
		if i%2 == 1 {
			d *= 3
		}
		sum += d
	}
	return sum%10 == 0
}

func grouped(n string, groups []int, separator string) string {
	var parts []string
	for _, g := range groups {
		parts = append(parts, n[:g])
		n = n[g:]
	}
	return strings.Join(parts, separator)
}

// ibans are the registry's examples, together and in groups.
func ibans() []string {
	var list []string
	for _, n := range strings.Fields(`
		AD1200012030200359100100 AE070331234567890123456 AL47212110090000000235698741 AT611904300234573201 AZ21NABZ00000000137010001944 BA391290079401028494
		BE68539007547034 BG80BNBG96611020345678 BH67BMAG00001299123456 BR1800360305000010009795493C1 CH9300762011623852957 CR05015202001026284066 CY17002001280000001200527600
		CZ6508000000192000145399 DE89370400440532013000 DK5000400440116243 DO28BAGR00000001212453611324 EE382200221020145685 ES9121000418450200051332 FI2112345600000785
		FO6264600001631634 FR1420041010050500013M02606 GB29NWBK60161331926819 GE29NB0000000101904917 GI75NWBK000000007099453 GL8964710001000206 GR1601101250000000012300695
		GT82TRAJ01020000001210029690 HR1210010051863000160 HU42117730161111101800000000 IE29AIBK93115212345678 IL620108000000099999999 IS140159260076545510730339
		IT60X0542811101000000123456 JO94CBJO0010000000000131000302 KW81CBKU0000000000001234560101 KZ86125KZT5004100100 LB62099900000001001901229114 LI21088100002324013AA
		LT121000011101001000 LU280019400644750000 LV80BANK0000435195001 MC5811222000010123456789030 MD24AG000225100013104168 ME25505000012345678951 MK07250120000058984
		MT84MALT011000012345MTLCAST001S MU17BOMM0101101030300200000MUR NL91ABNA0417164300 NO9386011117947 PK36SCBL0000001123456702 PL61109010140000071219812874
		PS92PALS000000000400123456702 PT50000201231234567890154 QA58DOHB00001234567890ABCDEFG RO49AAAA1B31007593840000 RS35260005601001611379 SA0380000000608010167519
		SE4550000000058398257466 SI56263300012039086 SK3112000000198742637541 SM86U0322509800000000270100 TN5910006035183598478831 TR330006100519786457841326
		UA213223130000026007233566001 VG96VPVG0000012345678901 XK051212012345678906`) {
		list = append(list, n, spaced(n, " "), spaced(n, "-"), strings.ToLower(n))
	}
	return list
}

func spaced(n, separator string) string {
	var parts []string
	for len(n) > 4 {
		parts, n = append(parts, n[:4]), n[4:]
	}
	return strings.Join(append(parts, n), separator)
}

// tokens are made up in the form of well-known services. They are put together
// here, so that no scanner takes the source for a leak.
func tokens() []string {
	r := source(3)
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	random := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		return string(b)
	}
	web := func(header, body string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(body)) + "." + random(43)
	}
	var list []string
	for i := range 6 {
		list = append(list,
			web(`{"alg":"HS256","typ":"JWT"}`, fmt.Sprintf(`{"sub":"%d"}`, i)), web(`{"typ":"JWT","alg":"RS256"}`, `{}`), web(`{"alg":"none"}`, `{}`),
			"sk_"+"live_"+random(24), "rk_"+"live_"+random(24), "sk_"+"test_"+random(24), "whsec"+"_"+random(32), "AK"+"IA"+strings.ToUpper(random(16)),
			"AS"+"IA"+strings.ToUpper(random(16)), "AI"+"za"+random(35), "ya"+"29."+random(60), "GOC"+"SPX-"+random(28), "EA"+"A"+random(120), "gh"+"p_"+random(36),
			"github"+"_pat_"+random(60), "gl"+"pat-"+random(20), "xo"+"xb-123456789012-"+random(24), "shp"+"at_"+random(32), "S"+"G."+random(22)+"."+random(43),
			"sk"+"-proj-"+random(48), "Bearer "+random(20), "bearer "+random(40), "-----BEGIN "+"RSA PRIVATE KEY-----", "-----BEGIN "+"CERTIFICATE-----")
	}
	return list
}

// bareSecrets have no mark of their own.
func bareSecrets() []string {
	return []string{
		"password=hunter2", "pwd: hunter2", "api_key=0123456789", "access_token=abc", "Basic " + base64.StdEncoding.EncodeToString([]byte("jane:hunter2")),
		"aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF", "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
	}
}
