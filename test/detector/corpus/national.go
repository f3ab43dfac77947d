package corpus

import "fmt"

// nationalIDs are numbers of authorities that count in ids too, with right check
// digits: Italy, Mexico, Switzerland, Belgium, Brazil, China.
func nationalIDs() []string {
	r := source(4)
	list := []string{"RSSMRA85T10A562S", "MRTMTT91D08F205J", "HEGG560427MVZRRL04", "756.9217.0769.85", "85.07.30-033.28", "111.444.777-35", "11010519491231002X"}
	for range 30 {
		list = append(list,
			swiss(fmt.Sprintf("756%09d", r.IntN(1e9))),
			belgian(fmt.Sprintf("%02d%02d%02d%03d", 40+r.IntN(60), 1+r.IntN(12), 1+r.IntN(28), 1+r.IntN(997))),
			brazilian(fmt.Sprintf("%09d", r.IntN(1e9))),
			chinese(fmt.Sprintf("%06d19%02d%02d%02d%03d", 110000+r.IntN(500000), 50+r.IntN(50), 1+r.IntN(12), 1+r.IntN(28), r.IntN(1000))))
	}
	return list
}

// textNationalIDs are forms that shops number in too: Spain and Finland.
func textNationalIDs() []string {
	r := source(5)
	var list []string
	for range 30 {
		n := 34_000_000 + r.IntN(60_000_000)
		list = append(list, fmt.Sprintf("%08d%c", n, spanishLetter(n)))
		n = r.IntN(10_000_000)
		list = append(list, fmt.Sprintf("X%07d%c", n, spanishLetter(n)))
		day := fmt.Sprintf("%02d%02d%02d", 1+r.IntN(28), 1+r.IntN(12), 50+r.IntN(50))
		of := 2 + r.IntN(800)
		whole := number(fmt.Sprintf("%s%03d", day, of))
		// Where the check character is a digit, it is a date and a number.
		if check := "0123456789ABCDEFHJKLMNPRSTUVWXY"[whole%31]; check >= 'A' {
			list = append(list, fmt.Sprintf("%s-%03d%c", day, of, check))
		}
	}
	return list
}

func spanishLetter(n int) byte { return "TRWAGMYFPDXBNJZSQVHLCKE"[n%23] }

// number reads a number that this package wrote.
func number(s string) (n int) {
	for _, c := range s {
		n = n*10 + int(c-'0')
	}
	return n
}

func swiss(n string) string {
	sum := 0
	for i := range len(n) {
		d := int(n[i] - '0')
		if i%2 == 1 {
			d *= 3
		}
		sum += d
	}
	n += fmt.Sprint((10 - sum%10) % 10)
	return n[:3] + "." + n[3:7] + "." + n[7:11] + "." + n[11:]
}

func belgian(n string) string {
	return fmt.Sprintf("%s.%s.%s-%s.%02d", n[:2], n[2:4], n[4:6], n[6:], 97-number(n)%97)
}

func brazilian(n string) string {
	for len(n) < 11 {
		sum := 0
		for i := range len(n) {
			sum += int(n[i]-'0') * (len(n) + 1 - i)
		}
		n += fmt.Sprint(sum * 10 % 11 % 10)
	}
	return n[:3] + "." + n[3:6] + "." + n[6:9] + "-" + n[9:]
}

func chinese(n string) string {
	weights := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += w * int(n[i]-'0')
	}
	return n + string("10X98765432"[sum%11])
}
