package main

import "regexp"

// beyondVectors are kinds of mutants that no evidence tells from the original, with the
// reason: expressions over the key of a mutant. One that vectors kill all the same counts
// as killed.
var beyondVectors = []struct {
	key    *regexp.Regexp
	reason string
}{
	{regexp.MustCompile(`\| false \| [\w.]+ == nil$|SigningKey != snpreport\.|\| Parse \| false \| kind\.Algorithm|compiler\.floors \| false|File\.Accept \| false`),
		"only a caller of the library can give it: nil, a value of no name, a version of 0"},
	{regexp.MustCompile(`\| (prefix|suffix) \| .*((sha256|RawIssuer|Itoa|Digest|sum|Status|form) ?[!=,)]|reportData|ToLower|FormatUint|bytes\.Equal\(v, value\))`),
		"both have one size, or are among few words of which none begins or ends another"},
	{regexp.MustCompile(`\| order \| (len\(\w+\) (==|<|>) [01]|i < 3|e != numExtensions|r == utf8\.RuneError)( \| \d+)?$|splitHeaders \| minus \| at < end`),
		"the values that would differ do not occur"},
	{regexp.MustCompile(`\| (table|endpointSteps) \| row \|`),
		"what a step needs decides only which steps an audit carries out behind one that failed"},
	{regexp.MustCompile(`describeLaunch|demandBulletins \| field|fillResult|session\.conclude|\| alias \||CheckTag \| (first|last)|Choose \| true \| !slices\.Contains|number\(0x004\)|Int\(1, 2\) == 2`),
		"what a verdict or an error shows, and decides nothing"},
	{regexp.MustCompile(`UnverifiedPayload \| minus|ParseJWK \| (plus|minus) \| strictjson|ParseJWKS \| plus \| strictjson|parseClaims \| plus|openTHIM \| plus|parseCertificate \| false \| len\(der\) == 0|MaxFirmware|maxIGVMData|MaxVCPUs$`),
		"a lower bound comes before it, or a vector of that size would have megabytes"},
	{regexp.MustCompile(`demandPCRs \| false|'0' <= c|unescaped == nil|modulus \| (false|minus)|File\.Highest \| false|checkCode \| (false|order) \| s\.report\.VMPL|Choose \| true \| err == nil|ParsePCRs \| (false \| err|plus \| i < 0)|s\.ReadUint32`),
		"another check refuses the same input by the same rule"},
	{regexp.MustCompile(`session\.accept \| accept`),
		"two verifiers at one time"},
}

// beyond returns why no vector can kill a mutant, or "".
func beyond(m *mutant) string {
	for _, b := range beyondVectors {
		if b.key.MatchString(m.key()) {
			return b.reason
		}
	}
	return ""
}
