package web

// publicRoots are the SHA-256 of the SubjectPublicKeyInfo of AMD roots whose private
// key is public: those of the test kit and of the command's demo. They vouch for
// nothing. SPEC.md section 16.
// Rules: CLI-11.
var publicRoots = map[string]bool{
	"02d7c9de4aa6fd20b03d4c164a35de49eaa21b89c3e24df0a02f3a2eb3046b7c": true,
	"4fbfd8ab9492c48a05e730b0aaad12a14d20d41fbde2e1d079b52e86aa4ae888": true,
	"bcead1ba4c8f213c819c4530eaa6fc80eee984cb653850a14087cb2ec61a4c13": true,
	"9944a349f4897a2c6225cd7ff3a5ae9641e02e93ff04f89c8e9cec10cf0c5bdf": true,
	"fc1d46d560d7c005b1321317a5fa49189888c304537680ebed879f5e3c00481a": true,
	"964bfa881cd4a3268d94bbf92f1f82331f8fcb33c0ca6e91c00d5ca3138a930c": true,
	"a6029f00769101c54966fcf2f6e3635db8ad872f88dcbac3b4cda4e9d242b703": true,
	"4e4a4df43af7e9b17d23a406acd0b70fba7710efa5fb7dbc7866ce151d1502a5": true,
	"cbb9a205cb120ab18f69a1fc7e7d0d7a3bdb6944b9c477840fccc653582727f2": true,
	"fdd7b0157431e2b9fcd09f55165ba98224125c92fe4a82317ae17ac47f3c6dc5": true,
}
