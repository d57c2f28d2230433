package policy

// FileErrorOf makes an error of the JSON reader one of this package.
var FileErrorOf = fileError
