package jws

// SmallOrder is the list of refused y, big-endian in hex.
var SmallOrder = smallOrder

// Raw returns the bytes of a key.
func Raw(k Key) []byte { return k.raw }
