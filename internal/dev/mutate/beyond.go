package main

import "regexp"

// beyondVectors are kinds of mutants that no evidence tells from the original, with the
// reason: expressions over the key of a mutant. One that vectors kill all the same counts
// as killed.
var beyondVectors = []struct {
	key    *regexp.Regexp
	reason string
}{
	{regexp.MustCompile(`\| false \| [\w.]+ == nil$|File\.Highest \| false \| err != nil$|SigningKey != snpreport\.|\| Parse \| false \| kind\.Algorithm|compiler\.floors \| false|TCBVersion\.For|KeyDigest \|` +
		`|Guest\.check \| (false|minus|plus|order|first|only last) \| (!igvm|g\.Firmware !|g\.Features|g\.VCPUs|int\(g\.VMM\)|n <= last|n > MaxVCPUs|err != nil)|Chain\.Differences \||Policy\.Check \||Restrict \| true \| r != nil|demandVMPL \| (plus|minus|false) \| want|demandReportVersion \| (plus|minus|false) \| v\.M\w+ [<>] m|demandReportVersion \| field \| v\.M\w+ for M\w+$` +
		`|newRoots \| false \| len|azureBytes \| (minus|false) \| len\(b\) < 1|NewVerifier \| (false|minus|first|last|only last) \| (err != nil|len\(c\.Keys\)|c\.Keys|slices\.ContainsFunc\(c\.Keys\[:i\]|l\.ID|k\.ID|c\.MaxAge)` +
		`|CheckTag \| false \| b\.Version|CheckVersion \| false \| b\.Version|checkFacts \| false|VerifySignature \| false \| key\.Curve|session\.parseEnvelope \| true|checkRevocation \| false \| len\(crls\) == 0 && |readHeader \| false \| kind\.IgnoreType|demandCSP \| true \| id != ""` +
		`|Metadata\.check \| (false|plus|minus) \| len\(m\.Sections\)|checkKernel \| (false|field) \| k\.Cmdline|VerifyIDBlock \| (minus|true) \| len\(computed\)`),
		"only a caller of the library can give it: nil, a value of no name, a list or a number that the command refuses before"},
	{regexp.MustCompile(`\| (prefix|suffix) \| .*((sha256|RawIssuer|RawSubject|Itoa|Digest|sum|Status|form|want)( ?[!=,)]|$)|(Guest\.Explain|VerifyIDBlock) \| (pre|suf)fix|k\.Cmdline == unset|ReportData)`),
		"both have one size, or are among few words of which none begins or ends another"},
	{regexp.MustCompile(`\| order \| (len\(\w+\) (==|<|>) [01]|i < 3|e != numExtensions|r == utf8\.RuneError|at != rule\.NoOffset|s\.\w+ == rule\.NoOffset)( \| \d+)?$|splitHeaders \| minus \| at < end|session\.run \| false \| err == nil && `),
		"the values that would differ do not occur"},
	{regexp.MustCompile(`\| (table|endpointSteps) \| row \|`),
		"what a step needs decides only which steps an audit carries out behind one that failed"},
	{regexp.MustCompile(`describeLaunch|demandBulletins \| field|fillResult|session\.conclude|\| alias \||CheckTag \| (first|last|only last)|Choose \| (true|false) \| !slices\.Contains|number\(0x004\)|Int\(1, 2\) == 2` +
		`|f\.Where for Expected|\| Open \| false \| err != nil$|errors\.As\(err, &at\)|openHex \| true|scanner\.document \| (true|false|order)|readHeader \| row|subject\.unsupported|r\.Version == 6|r\.Version for GuestSVN \| 2|root\.Product != leaf\.Product` +
		`|decodeList \| (true|false) \| len\(in\) == 0 \| 1|Metadata\.check \| (true|false|order) \| (at != |i != 0)|checkPCRs \| (true|false|order) \| demanded == 0|parseFixed \| (plus|minus) \| u32\(\d+\) \| [12]|igvmReader\.header \| (plus|minus) \| h\.u32|APReset for HashTable` +
		`|\| Assess \||TCB\.AtLeast|checkEmbedded \| false \| e\.opaque|demandBuild \| true \| r\.Firmware` +
		`|igvmReader\.context \| (plus|minus) \| h\.u32|Choose \| (first|last|only last) \| bag \| 1|openText \| false \| err == nil|marks \| (false|row) \| .*kindCertificate|VMConfiguration\.read \| false|Firmware\.check \| (plus|minus)` +
		`|NewVerifier \| (true|false) \| (measured \|\| )?demanded\(c\.Policy, "min_guest_svn|NewVerifier \| false \| measured$`),
		"what a verdict or an error shows, and decides nothing"},
	{regexp.MustCompile(`ParseJWK \| (plus|minus) \| strictjson|ParseJWKS \| plus \| strictjson|parseClaims \| (plus|minus) \| strictjson|statefile/form\.go \| decode \| (plus|minus) \| strictjson|openTHIM \| plus|parseCertificate \| false \| len\(der\) == 0|MaxFirmware` +
		`|MaxFile|> MaxSize|Decode\(text, maxHCL|maxInput`),
		"a lower bound comes before it, or a vector of that size would have megabytes or no signature that a TPM makes"},
	{regexp.MustCompile(`'0' <= c|unescaped == nil|modulus \| (false|minus|(order|true) \| len\(b\) == akSize)|Choose \| true \| err == nil|Collect \| (false|plus|minus) \| len|decodeBase64 \| (false \| standard|plus \| padding)` +
		`|demandPCRs \| false \| size|Value\.Int \| false|scanner\.value \| plus|scanner\.escape \| plus|scanner\.object \| true \| ok|parseSignature \| (plus|minus|order|false \| len\(b\) <)|parseSections \| (plus \| (offset|count >)|minus \| count|false \| count|minus \| uint64)|parseFixed \| minus \| len\(image\) < 24` +
		`|File\.firmware \| accept|parseFooter \| (false|minus) \| (size|at) <|ParseVCPUs \| ((minus|order|false) \| int\(n\)|(false|plus) \| n >)|prepare \| false \| len\(trimmed\)|startsWith\("H4sI"\)|SHA256PCRs \| order` +
		`|readFloor \| delete|readRoots \| false \| err != nil$|CRL\.eachExtension \| false \| d\.fault` +
		`|Bag\.open \| true \| err != nil \| 1|OpenCertificates \| false \| err == nil && len|openHCL \| (plus|minus)|openArmour \| (prefix|suffix) \| label ==|openText \| false \| problem|checkPCRDigest \| false \| absent` +
		`|checkCode \| false \| s\.report\.VMPL|checkUserData \| false \| !s\.trusted|\| vcpus \| (false|plus|minus) \| (len\(list\)|n <= list)|checkKernel \| false \| base == 0|ParseFirmware \| false \| (!ok|err != nil \| [12])|differences \| delete \| compare\("LD"`),
		"another check refuses the same input, before it or by the same rule"},
	{regexp.MustCompile(`session\.accept \||File\.Accept \||File\.Highest \| false \| err != nil \| 1$|state\.encode \||session\.parseBundle \| (field|true)|CRL\.Check \| field \| l\.raw`),
		"what is remembered for another run, or by another verifier at one time"},
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
