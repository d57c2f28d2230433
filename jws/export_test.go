package jws

// SmallOrder is the list of refused y, big-endian in hex.
var SmallOrder = smallOrder

// Raw returns the bytes of a key.
func Raw(k Key) []byte { return k.raw }

// FromJSON turns an error of the JSON reader into one of this package.
var FromJSON = fromJSON

// UnverifiedPayload returns the payload although no signature has been checked.
func (m *Message) UnverifiedPayload() []byte { return m.payload }
