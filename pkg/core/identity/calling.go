package identity

// callingCodes are the country codes of ITU-T E.164 that are assigned, shared
// ones (800, 870, 881, ...) included.
var callingCodes = func() (set [1000]bool) {
	for _, r := range [...][2]int{
		{1, 1}, {7, 7}, {20, 20}, {27, 27}, {30, 34}, {36, 36}, {39, 41}, {43, 49}, {51, 58}, {60, 66}, {81, 82}, {84, 84}, {86, 86},
		{90, 95}, {98, 98}, {211, 213}, {216, 216}, {218, 218}, {220, 258}, {260, 269}, {290, 291}, {297, 299}, {350, 359},
		{370, 383}, {385, 387}, {389, 389}, {420, 421}, {423, 423}, {500, 509}, {590, 599}, {670, 670}, {672, 683}, {685, 692},
		{800, 800}, {808, 808}, {850, 850}, {852, 853}, {855, 856}, {870, 870}, {878, 878}, {880, 883}, {886, 886}, {888, 888},
		{960, 968}, {970, 977}, {979, 979}, {992, 996}, {998, 998},
	} {
		for code := r[0]; code <= r[1]; code++ {
			set[code] = true
		}
	}
	return set
}()

// callingCode reports whether the digits of an international number, without
// its plus sign, begin with a country code that exists.
func callingCode(digits []byte) bool {
	if len(digits) < 3 || digits[0] == '0' {
		return false
	}
	code := 0
	for _, c := range digits[:3] {
		code = code*10 + int(c-'0')
		if callingCodes[code] {
			return true
		}
	}
	return false
}
