package releaseroot

var ParseList = parseList
