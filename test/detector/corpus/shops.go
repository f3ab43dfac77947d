package corpus

import (
	"crypto/sha1" //nolint:gosec // a form of ids, no security
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// perFormat is how many ids of each format there are; ShopIDs has a hundred thousand
// and a few more.
const perFormat = 2700

// ShopIDs are ids of orders, articles, events and sessions as shop systems and
// libraries make them.
func ShopIDs() []Case {
	var list []Case
	for i, f := range formats {
		r := source(100 + uint64(i))
		for n := range perFormat {
			list = append(list, Case{f.name, f.next(r, n), ID})
		}
	}
	return list
}

const (
	crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	base62    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	nano      = base62 + "_-"
	hexDigits = "0123456789abcdef"
)

func word(r *rand.Rand, letters string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = letters[r.IntN(len(letters))]
	}
	return string(b)
}

func when(r *rand.Rand) time.Time {
	return time.Unix(1_700_000_000+r.Int64N(120_000_000), r.Int64N(1e9)).UTC()
}

func uuid(r *rand.Rand, version byte) string {
	h := []byte(word(r, hexDigits, 32))
	h[12], h[16] = version, "89ab"[r.IntN(4)]
	return string(h[:8]) + "-" + string(h[8:12]) + "-" + string(h[12:16]) + "-" + string(h[16:20]) + "-" + string(h[20:])
}

func uuid7(r *rand.Rand) string {
	h := fmt.Sprintf("%012x", when(r).UnixMilli()) + "7" + word(r, hexDigits, 3) + "8" + word(r, hexDigits, 15)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func snowflake(r *rand.Rand, epoch int64) int64 {
	return (when(r).UnixMilli()-epoch)<<22 | r.Int64N(1<<22)
}

// format is one way to make ids.
type format struct {
	name string
	next func(r *rand.Rand, n int) string
}

func prints(layout string, value func(r *rand.Rand, n int) any) func(*rand.Rand, int) string {
	return func(r *rand.Rand, n int) string { return fmt.Sprintf(layout, value(r, n)) }
}

func below(n int64) func(*rand.Rand, int) any {
	return func(r *rand.Rand, _ int) any { return r.Int64N(n) }
}
func from(a, b int64) func(*rand.Rand, int) any {
	return func(r *rand.Rand, _ int) any { return a + r.Int64N(b-a) }
}
func running(_ *rand.Rand, n int) any { return n + 1 }

var formats = []format{
	{"Shopify, order name", prints("#%d", from(1001, 99999))},
	{"Shopify, order id", prints("%d", from(5_000_000_000_000, 6_900_000_000_000))},
	{"Shopify, variant id", prints("%d", from(39_200_000_000_000, 51_000_000_000_000))},
	{"Shopify, GraphQL id", prints("gid://shopify/Order/%d", from(5_000_000_000_000, 6_900_000_000_000))},
	{"Shopify, GraphQL id in base64", func(r *rand.Rand, _ int) string {
		return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "gid://shopify/ProductVariant/%d", 39_200_000_000_000+r.Int64N(11_800_000_000_000)))
	}},
	{"Shopify, checkout token", func(r *rand.Rand, _ int) string { return word(r, hexDigits, 32) }},
	{"WooCommerce, running", prints("%d", running)},
	{"WooCommerce, order key", func(r *rand.Rand, _ int) string { return "wc_order_" + word(r, base62, 13) }},
	{"Magento, nine digits", prints("%09d", running)},
	{"Magento, with a suffix", func(r *rand.Rand, n int) string { return fmt.Sprintf("%09d-%d", 100_000_000+n, 1+r.IntN(3)) }},
	{"SAP, ten digits", prints("%010d", below(1e8))},
	{"SAP, with item", func(r *rand.Rand, _ int) string { return fmt.Sprintf("%010d/%06d", r.IntN(1e8), 10*(1+r.IntN(90))) }},
	{"SAP, material of 18 digits", prints("%018d", below(1e8))},
	{"UUID, version 4", func(r *rand.Rand, _ int) string { return uuid(r, '4') }},
	{"UUID, version 7", func(r *rand.Rand, _ int) string { return uuid7(r) }},
	{"UUID without hyphens", func(r *rand.Rand, _ int) string { return strings.ReplaceAll(uuid(r, '4'), "-", "") }},
	{"UUID behind a word", func(r *rand.Rand, _ int) string { return "order-" + strings.ToUpper(uuid(r, '4')) }},
	{"ULID", func(r *rand.Rand, _ int) string { return "01J" + word(r, crockford, 23) }},
	{"KSUID", func(r *rand.Rand, _ int) string { return "2" + word(r, base62, 26) }},
	{"nanoid", func(r *rand.Rand, _ int) string { return word(r, nano, 21) }},
	{"ObjectId of MongoDB", func(r *rand.Rand, _ int) string { return fmt.Sprintf("%08x", when(r).Unix()) + word(r, hexDigits, 16) }},
	{"snowflake of Twitter", func(r *rand.Rand, _ int) string { return fmt.Sprint(snowflake(r, 1288834974657)) }},
	{"snowflake of Discord", func(r *rand.Rand, _ int) string { return fmt.Sprint(snowflake(r, 1420070400000)) }},
	{"Amazon, 3-7-7", func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("%03d-%07d-%07d", 100+r.IntN(900), r.IntN(1e7), r.IntN(1e7))
	}},
	{"eBay, 2-5-5", func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("%02d-%05d-%05d", 1+r.IntN(27), r.IntN(1e5), r.IntN(1e5))
	}},
	{"date and sequence", func(r *rand.Rand, n int) string { return when(r).Format("20060102-") + fmt.Sprintf("%05d", n) }},
	{"order, date, sequence", func(r *rand.Rand, n int) string {
		return "ORD-" + when(r).Format("2006-01-02-") + fmt.Sprintf("%04d", n)
	}},
	{"short date and sequence", func(r *rand.Rand, n int) string { return when(r).Format("060102-") + fmt.Sprintf("%04d", n) }},
	{"year, month, sequence", func(r *rand.Rand, n int) string { return when(r).Format("2006/01/") + fmt.Sprintf("%05d", n) }},
	{"time of the order", func(r *rand.Rand, _ int) string {
		return when(r).Format("060102150405") + fmt.Sprintf("%03d", r.IntN(1000))
	}},
	{"milliseconds", func(r *rand.Rand, _ int) string { return fmt.Sprint(when(r).UnixMilli()) }},
	{"milliseconds and sequence", func(r *rand.Rand, _ int) string { return fmt.Sprintf("%d.%d", when(r).UnixMilli(), r.IntN(1e6)) }},
	{"microseconds", func(r *rand.Rand, _ int) string { return fmt.Sprint(when(r).UnixMicro()) }},
	{"browser's id of Google Analytics", func(r *rand.Rand, _ int) string { return fmt.Sprintf("%d.%d", r.Int64N(1<<31), when(r).Unix()) }},
	{"SKU", func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("%s-%05d-%s", word(r, base62[10:36], 3), r.IntN(1e5), word(r, base62[10:36], 2))
	}},
	{"article number, 4-4-3", func(r *rand.Rand, _ int) string {
		return fmt.Sprintf("%03d.%03d.%02d", r.IntN(1e3), r.IntN(1e3), r.IntN(100))
	}},
	{"EAN", func(r *rand.Rand, _ int) string { return gtin(fmt.Sprintf("4%011d", r.Int64N(1e11))) }},
	{"hash of an order, SHA-1", func(_ *rand.Rand, n int) string {
		sum := sha1.Sum(fmt.Append(nil, n)) //nolint:gosec // a form of ids
		return hex.EncodeToString(sum[:])
	}},
	{"hash of an order, SHA-256", func(_ *rand.Rand, n int) string {
		sum := sha256.Sum256(fmt.Append(nil, n))
		return hex.EncodeToString(sum[:])
	}},
	{"trace id and counter", func(r *rand.Rand, n int) string { return fmt.Sprintf("%s-%08d", word(r, hexDigits, 16), n) }},
	{"click id of Google", func(r *rand.Rand, _ int) string { return "Cj0KCQiA" + word(r, nano, 60) + "_wcB" }},
	{"object in base64", func(_ *rand.Rand, n int) string {
		return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"id":%d,"shop":"blue"}`, 100_000+n))
	}},
}

// gtin puts the check digit of GS1 behind digits.
func gtin(n string) string {
	sum := 0
	for i := range len(n) {
		d := int(n[len(n)-1-i] - '0')
		if i%2 == 0 {
			d *= 3
		}
		sum += d
	}
	return n + fmt.Sprint((10-sum%10)%10)
}
