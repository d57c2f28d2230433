package releaseroot

var Parse = parse
