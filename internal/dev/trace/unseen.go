package trace

import "strings"

// beyond are the rules that no vector can show, with the reason. An id that ends
// in a dash stands for all rules that begin with it.
var beyond = []struct{ rules, reason string }{
	{"KDS-", "how collateral is fetched: evidence is the same however it came"},
	{"TRN-", "how connections behave in time; the scenarios of attesttest/leak show it"},
	{"VEC-", "about the vectors themselves"},
	{"GEN-01 CHN-01 CRL-15", "about the time that a caller of the library leaves out; --at is always given"},
	{"BUL-04", "how a verdict shows what no policy demanded; the tests of verdict and of the command do"},
	{"GEN-05 ORD-02", "what an answer says besides its verdict: the runner holds every refusal against it"},
	{"CRL-16 POL-04 IDT-14", "about what only a caller of the library can give: values it made, keys of manifests"},
	{"CHN-70 CHN-71 BND-44", "about what is remembered from one verification to the next"},
	{"STA-01 STA-02 STA-21 STA-22 STA-23 STA-24 STA-30 STA-31 STA-32 STA-33", "about files, folders, locks and crashes, not about what a file says"},
	{"CLI-01 CLI-04 CLI-05 CLI-09 CLI-11 CLI-12 CLI-13 CLI-14 CLI-15 CLI-16 CLI-17 CLI-18 CLI-19 CLI-21 CLI-22 CLI-23 CLI-24 PIN-03 PIN-04", "how the command behaves, whatever the evidence"},
	{"LCH-64 LCH-70", "about files that are named, and what only a caller of the library can give"},
	{"HCL-02 FRM-45", "about a file that then has another form, and about a folder"},
	{"PRX-", "how the proxy forwards; what proves the endpoint is that of attest"},
	{"BDL-", "how trust bundles are compared and fetched; that they are good is shown by those of BND"},
}

// unseen returns why no vector can show a rule, or "".
func unseen(id string) string {
	for _, b := range beyond {
		for rules := range strings.FieldsSeq(b.rules) {
			if rules == id || strings.HasSuffix(rules, "-") && strings.HasPrefix(id, rules) {
				return b.reason
			}
		}
	}
	return ""
}
