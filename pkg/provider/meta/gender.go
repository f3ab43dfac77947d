package meta

// genders are the words for a gender that Meta's client library knows.
var genders = map[string]byte{
	"m": 'm', "male": 'm', "man": 'm', "boy": 'm', "gentleman": 'm', "mr": 'm', "mister": 'm', "sir": 'm', "he": 'm',
	"him": 'm', "his": 'm', "himself": 'm', "father": 'm', "dad": 'm', "daddy": 'm', "papa": 'm', "son": 'm',
	"brother": 'm', "husband": 'm', "boyfriend": 'm', "uncle": 'm', "nephew": 'm', "king": 'm', "prince": 'm',
	"duke": 'm', "emperor": 'm', "lord": 'm', "god": 'm', "count": 'm', "widower": 'm', "groom": 'm', "guy": 'm',
	"dude": 'm', "bloke": 'm', "chap": 'm', "lad": 'm', "fellow": 'm',

	"f": 'f', "female": 'f', "woman": 'f', "girl": 'f', "lady": 'f', "mrs": 'f', "ms": 'f', "miss": 'f', "madam": 'f',
	"ma'am": 'f', "she": 'f', "her": 'f', "hers": 'f', "herself": 'f', "mother": 'f', "mom": 'f', "mommy": 'f',
	"mama": 'f', "daughter": 'f', "sister": 'f', "wife": 'f', "girlfriend": 'f', "aunt": 'f', "niece": 'f',
	"queen": 'f', "princess": 'f', "duchess": 'f', "empress": 'f', "countess": 'f', "goddess": 'f', "dame": 'f',
	"belle": 'f', "maiden": 'f', "lass": 'f', "gal": 'f', "chick": 'f', "bride": 'f', "widow": 'f',
}
