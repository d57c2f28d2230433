package main

import "regexp"

// beyondVectors are kinds of mutants that accept and refuse all evidence as the original
// does, with the reason: expressions over the key of a mutant. One that vectors kill all
// the same counts as killed.
var beyondVectors = []struct {
	key    *regexp.Regexp
	reason string
}{
	{regexp.MustCompile(`\| false \| [\w.]+ == nil$|File\.Highest \| false \| err != nil$|\| Parse \| false \| kind\.Algorithm|compiler\.floors \| false \| expected|TCBVersion\.For \| (false|order|plus)|KeyDigest \|` +
		`|Guest\.check \| (false|minus|plus|order|first|only last) \| (!igvm|g\.Firmware !|g\.Features|g\.VCPUs|int\(g\.VMM\)|n <= last|n > MaxVCPUs|err != nil)|Chain\.Differences \| (false \| leaf\.HWIDSize|delete \| differ\("END-01", "there)|Policy\.Check \| (succeed|accept|true)|demandVMPL \| (plus|false) \| want|demandReportVersion \| (false \| v\.M\w+ [<>] m|minus \| v\.Min <|plus \| v\.Max|field \| v\.M\w+ for M\w+$)` +
		`|newRoots \| false \| len|azureBytes \| (minus|false) \| len\(b\) < 1|NewVerifier \| (false|minus|first|last|only last) \| (err != nil|len\(c\.Keys\)|c\.Keys|slices\.ContainsFunc\(c\.Keys\[:i\]|l\.ID|k\.ID|c\.MaxAge)` +
		`|CheckTag \| false \| b\.Version|CheckVersion \| false \| b\.Version == 0|checkFacts \| false|VerifySignature \| false \| key\.Curve|session\.parseEnvelope \| true|checkRevocation \| false \| len\(crls\) == 0 && |readHeader \| false \| kind\.IgnoreType|demandCSP \| true \| id != ""` +
		`|Metadata\.check \| (false \| len|minus \| len\(m\.Sections\) <|plus \| len\(m\.Sections\) >)|checkKernel \| (false|field) \| k\.Cmdline`),
		"only a caller of the library can give it: nil, a value of no name, a list or a number that the command refuses before"},
	{regexp.MustCompile(`\| (prefix|suffix) \| (.*(sha256|RawIssuer|RawSubject)( ?[!=,)]|$)|k\.Cmdline == unset)|Guest\.Explain \| (prefix|suffix)`),
		"both have one size, or are among few words of which none begins or ends another"},
	{regexp.MustCompile(`\| order \| (len\(\w+\) (==|<|>) [01]|i < 3|e != numExtensions|r == utf8\.RuneError|at != rule\.NoOffset|s\.\w+ == rule\.NoOffset)( \| \d+)?$|session\.run \| false \| err == nil && `),
		"the values that would differ do not occur"},
	{regexp.MustCompile(`\| (table|endpointSteps) \| row \| "`),
		"what a step needs decides only which steps an audit carries out behind one that failed"},
	{regexp.MustCompile(`describeLaunch|demandBulletins \| field|fillResult|session\.conclude|\| alias \||CheckTag \| (first|last|only last)|Choose \| (true|false) \| !slices\.Contains|number\(0x004\)|Int\(1, 2\) == 2` +
		`|form\.go \| Open \| false \| err != nil$|errors\.As\(err, &at\)|openHex \| true \| !isHexDigit|scanner\.document \| (false|order) \| [rn] != |readHeader \| row|true \| subject\.unsupported|r\.Version == 6|r\.Version for GuestSVN \| 2|root\.Product != leaf\.Product` +
		`|decodeList \| (true|false) \| len\(in\) == 0 \| 1|Metadata\.check \| (true|false|order) \| (at != |i != 0)|checkPCRs \| (true|false|order) \| demanded == 0|parseFixed \| (plus|minus) \| u32\(\d+\) \| [12]|igvmReader\.header \| (plus|minus) \| h\.u32` +
		`|\| Assess \||TCB\.AtLeast|checkEmbedded \| false \| e\.opaque|demandBuild \| true \| r\.Firmware\.MinBuild` +
		`|igvmReader\.context \| (plus|minus) \| h\.u32|Choose \| (first|last|only last) \| bag \| 1|openText \| false \| err == nil|marks \| (false|row) \| .*kindCertificate|VMConfiguration\.read \| false|Firmware\.check \| (plus|minus)` +
		`|NewVerifier \| (true|false) \| (measured \|\| )?demanded\(c\.Policy, "min_guest_svn|NewVerifier \| false \| measured$`),
		"what a verdict or an error shows, and decides nothing"},
	{regexp.MustCompile(`ParseJWK \| (plus|minus) \| strictjson|ParseJWKS \| plus \| strictjson|parseClaims \| (plus|minus) \| strictjson|statefile/form\.go \| decode \| (plus|minus) \| strictjson|openTHIM \| plus|parseCertificate \| false \| len\(der\) == 0|MaxFirmware` +
		`|MaxFile|> MaxSize|Decode\(text, maxHCL|maxInput`),
		"a lower bound comes before it, or a vector of that size would have megabytes or no signature that a TPM makes"},
	{regexp.MustCompile(`modulus \| (true|false|minus|order) \| (len\(b\) ==|nonZero)|Collect \| (false|plus|minus) \| len|decodeBase64 \| (false \| standard|plus \| padding)` +
		`|demandPCRs \| false \| size|Value\.Int \| false \| err|scanner\.value \| (true \| '0' <= c$|plus \| ('0'|c) <)|scanner\.escape \| plus \| len|parseSignature \| (false|plus|minus) \| len\(b\) <|parseSections \| (plus \| (offset|count >)|minus \| count <|false \| count)|parseFixed \| minus \| len\(image\) < 24` +
		`|File\.firmware \| accept|parseFooter \| (false|minus) \| size < entrySize$|ParseVCPUs \| ((minus|order|false) \| int\(n\)|(false|plus) \| n >)|prepare \| false \| len\(trimmed\)|startsWith\("H4sI"\)|SHA256PCRs \| order` +
		`|readFloor \| delete|readRoots \| false \| err != nil$` +
		`|Bag\.open \| true \| err != nil \| 1|OpenCertificates \| false \| err == nil && len|openHCL \| plus|openArmour \| (prefix|suffix) \| label ==|openText \| false \| problem` +
		`|checkCode \| false \| s\.report\.VMPL|checkUserData \| false \| !s\.trusted|\| vcpus \| (false|plus|minus) \| (len\(list\)|n <= list)|ParseFirmware \| false \| (!ok|err != nil \| [12])`),
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
