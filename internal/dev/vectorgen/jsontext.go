package main

import (
	"bytes"
	"strings"
	"unicode/utf16"
)

// jsonSections are about the text of a JSON document; the envelope stands for
// all. What usual decoders do with such texts is named in the comments.
func jsonSections() []section {
	is := func(whole string) func(X) { return envelopeText(func([]byte) []byte { return []byte(whole) }) }
	nested := func(n int) raw { return raw(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	future := func(value string) func(X) { return envelope.add("future", raw(value)) }
	return []section{{"json", endpoint("Milan", 3, "vcek"), "EnvelopeInvalidError", []row{
		{"duplicate-member", no("JSN-09"), "usual decoders take the last of two members of one name", envelope.add("workload", "router")},
		{"duplicate-member-escaped", no("JSN-09"), "names are compared after unescaping", envelopeText(replace(`{"schema"`, `{"\u0073chema": "tresor.attestation/v1", "schema"`))},
		{"duplicate-member-nested-in-an-unknown-one", no("JSN-09"), "at any depth, also where nothing is read", future(`{"a": [{"b": 1, "b": 2}]}`)},
		{"known-name-nested-in-an-unknown-member", yes("JSN-09"), "only names of one object are compared", future(`{"workload": "other", "schema": 1}`)},
		{"nfc-and-nfd-are-two-names", yes("JSN-09"), "names are not normalised", both(envelope.add("\u00e9", 1), envelope.add("e\u0301", 2))},
		{"name-in-another-case", no("JSN-10"), "usual decoders match names without regard to case", envelope.rename("workload", "Workload")},
		{"name-in-another-case-next-to-the-right-one", no("JSN-10"), "also when the right name is there", envelope.add("WORKLOAD", "other")},
		{"name-with-a-long-s", no("JSN-10"), "U+017F folds to s", envelope.rename("issued_at", "i\u017fsued_at")},
		{"name-with-a-kelvin-sign", no("JSN-10"), "U+212A folds to k", envelope.rename("tls_spki_sha256", "tls_sp\u212ai_sha256")},
		{"lone-surrogate-before-a-bad-escape", no("JSN-07", "JSN-06"), "whatever follows the first half: it is no second one", both(envelope.add("future", "?!"), envelopeText(replace("?!", `\ud800\x`)))},
		{"byte-order-mark", no("JSN-03"), "a text does not begin with U+FEFF", envelopeText(wrap("\ufeff", ""))},
		{"byte-order-mark-in-a-string", yes("JSN-03"), "inside of strings it is a character", envelope.add("future", "\ufeff")},
		{"utf-16", no("JSN-02"), "JSON is UTF-8", envelopeText(func(b []byte) []byte {
			out := []byte{0xFF, 0xFE}
			for _, u := range utf16.Encode([]rune(string(b))) {
				out = append(out, byte(u), byte(u>>8))
			}
			return out
		})},
		{"invalid-utf-8", no("JSN-02"), "usual decoders put U+FFFD there", both(envelope.add("future", "?!"), envelopeText(replace("?!", "\xff")))},
		{"overlong-utf-8", no("JSN-02"), "a slash in two bytes", both(envelope.add("future", "?!"), envelopeText(replace("?!", "\xc0\xaf")))},
		{"surrogate-in-utf-8", no("JSN-02"), "U+D800 as three bytes", both(envelope.add("future", "?!"), envelopeText(replace("?!", "\xed\xa0\x80")))},
		{"lone-surrogate-escape", no("JSN-07"), "usual decoders put U+FFFD there", future(`"\ud800"`)},
		{"low-surrogate-first", no("JSN-07"), "the two halves in the wrong order", future(`"\udc00\ud800"`)},
		{"lone-surrogate-escape-in-a-name", no("JSN-07"), "in a name too", both(envelope.add("?!", 1), envelopeText(replace("?!", `\ud800`)))},
		{"surrogate-pair", yes("JSN-07"), "a pair is one character", future(`"\ud83d\ude00"`)},
		{"empty", no("JSN-04"), "an empty text is no object", is("")},
		{"white-space-only", no("JSN-04"), "nor is white space", is(" \n\t")},
		{"null", no("JSN-04"), "usual decoders accept null for any object, and leave all of it at zero", is("null")},
		{"array", no("JSN-04"), "an array is no object", envelopeText(wrap("[", "]"))},
		{"html", no("JSN-04"), "an error page of a proxy", is("<html><body>502</body></html>")},
		{"trailing-data", no("JSN-05"), "usual stream decoders ignore what follows", envelopeText(wrap("", " {}"))},
		{"trailing-nul", no("JSN-05"), "a NUL too", envelopeText(wrap("", "\x00"))},
		{"white-space-around", yes("JSN-05"), "white space may surround the object", envelopeText(wrap(" \r\n\t", "\n\n "))},
		{"trailing-comma", no("JSN-06"), "no comma before a bracket", envelopeText(func(b []byte) []byte { return append(bytes.TrimSuffix(b, []byte("}")), ",}"...) })},
		{"comment", no("JSN-06"), "no comments", envelopeText(replace("{", "{/* */"))},
		{"single-quotes", no("JSN-06"), "double quotes only", future(`'x'`)},
		{"semicolon-for-a-colon", no("JSN-06"), "a colon behind a name", envelopeText(replace(": ", "; "))},
		{"no-colon", no("JSN-06"), "and nothing in its place", envelopeText(replace(": ", " "))},
		{"semicolon-for-a-comma", no("JSN-06"), "a comma between members", envelopeText(replace(", ", "; "))},
		{"no-comma", no("JSN-06"), "and nothing in its place", envelopeText(replace(", ", " "))},
		{"comma-first", no("JSN-06"), "no comma before the first", envelopeText(replace("{", "{,"))},
		{"plus-sign", no("JSN-06"), "no sign but minus", future("+1")},
		{"minus-alone", no("JSN-06"), "a digit behind it", future("-")},
		{"point-without-digits", no("JSN-06"), "and behind a point", future("1.")},
		{"point-first", no("JSN-06"), "and before one", future(".5")},
		{"exponent-without-digits", no("JSN-06"), "and in an exponent", future("1e+")},
		{"numbers-of-all-forms", yes("JSN-06", "JSN-11"), "all that the grammar has", future("[0, -0, 10, -1.05, 1e5, 1E+05, 0.0e-0]")},
		{"word-in-capitals", no("JSN-06"), "words are in lower case", future("True")},
		{"word-cut-off", no("JSN-06"), "and whole", future("[nul]")},
		{"escapes-of-all-kinds", yes("JSN-06"), "all that the grammar has", future(`"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00"`)},
		{"escape-of-three-digits", no("JSN-06"), "four hex digits", future(`"\u00e"`)},
		{"escape-with-a-letter", no("JSN-06"), "each of them one", future(`"\u00eg"`)},
		{"string-without-end", no("JSN-06"), "a quote at its end", envelopeText(func(b []byte) []byte { return append(bytes.TrimRight(b, "}"), `, "x": "`...) })},
		{"brackets-crossed", no("JSN-06"), "each bracket by its own", future("[{]}")},
		{"bars-for-brackets", no("JSN-06"), "no other signs are brackets", future(`|"a": 1~`)},
		{"empty-name", yes("JSN-09", "JSN-11"), "a name may be empty", envelope.add("", 1)},
		{"nan", no("JSN-06"), "no NaN", future("NaN")},
		{"leading-zero", no("JSN-06"), "no leading zero", future("01")},
		{"hex-number", no("JSN-06"), "no hexadecimal numbers", future("0x10")},
		{"slash-in-a-number", no("JSN-06"), "the character before 0 is no digit", future("[1/2]")},
		{"colon-in-a-number", no("JSN-06"), "nor is the one behind 9", future("[1:2]")},
		{"control-character-in-a-string", no("JSN-06"), "a tab has to be escaped", both(envelope.add("future", "?!"), envelopeText(replace("?!", "\t")))},
		{"last-control-character-in-a-string", no("JSN-06"), "U+001F is the last that has to be", both(envelope.add("future", "?!"), envelopeText(replace("?!", "\x1f")))},
		{"cut-off-behind-a-backslash", no("JSN-06"), "an escape that broke off", envelopeText(func(b []byte) []byte { return append(bytes.TrimRight(b, "}"), `, "x": "\`...) })},
		{"name-without-its-first-quote", no("JSN-06"), "a name has two", envelopeText(replace(`"schema"`, `schema"`))},
		{"white-space-everywhere", yes("JSN-06"), "white space may stand around each sign", both(future("[]"), envelopeText(func(b []byte) []byte {
			return []byte(strings.NewReplacer("{", "{ \t", ": ", " \n:\r ", ", ", " , ", "[", "[ ", "]", " ]", "}", "\t}").Replace(string(b)))
		}))},
		{"unknown-escape", no("JSN-06"), "backslash x is no escape", future(`"\x41"`)},
		{"cut-off", no("JSN-06"), "a body that broke off", envelopeText(func(b []byte) []byte { return b[:len(b)-1] })},
		{"nested-8-deep", yes("JSN-08"), "the outermost object counts as one", envelope.add("future", nested(7))},
		{"nested-9-deep", no("JSN-08"), "nine are too many", envelope.add("future", nested(8))},
		{"objects-nested-9-deep", no("JSN-08"), "of objects too", future(strings.Repeat(`{"a": `, 8) + "1" + strings.Repeat("}", 8))},
		{"two-objects-8-deep", yes("JSN-09"), "names of one object are forgotten in the next, at the last depth too", future(strings.Repeat("[", 6) + `{"a": 1}, {"a": 1}` + strings.Repeat("]", 6))},
		{"nested-20000-deep", no("JSN-08", "GEN-04"), "no stack is spent on it", envelope.add("future", nested(10000))},
		{"string-for-a-list", as("BundleInvalidError", "JSN-13"), "one value is no list of one", bundle.set("allowed_hw_measurements", strings.Repeat("ab", 48))},
		{"object-for-a-string", no("JSN-13"), "nothing is converted", envelope.set("workload", doc{})},
		{"minus-zero", no("JSN-14"), "-0 is no integer", envelope.set("max_age_seconds", raw("-0"))},
	}}}
}
