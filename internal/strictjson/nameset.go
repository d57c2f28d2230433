package strictjson

import "hash/maphash"

// A nameSet finds a string that comes twice among tokens. A few are compared one
// by one. More go into a hash table of four bytes each, with a seed that nobody
// outside knows: neither does a small object cost a table nor a large one
// quadratic time.
type nameSet struct {
	few   [8]int32
	n     int
	seed  maphash.Seed
	slots []int32 // tokens, 0: free; a power of two, half full at most
}

// add reports whether no token before has the string of this one. The token is
// never the first of a text. text returns the string of a token.
func (s *nameSet) add(tok int32, text func(int32) string) bool {
	name := text(tok)
	if s.slots == nil {
		for _, f := range s.few[:s.n] {
			if text(f) == name {
				return false
			}
		}
		if s.n < len(s.few) {
			s.few[s.n] = tok
			s.n++
			return true
		}
		s.seed, s.slots = maphash.MakeSeed(), make([]int32, 4*len(s.few))
		for _, f := range s.few {
			*s.slot(text(f), text) = f
		}
	}
	if 2*s.n >= len(s.slots) {
		before := s.slots
		s.slots = make([]int32, 2*len(before))
		for _, f := range before {
			if f != 0 {
				*s.slot(text(f), text) = f
			}
		}
	}
	slot := s.slot(name, text)
	if *slot != 0 {
		return false
	}
	*slot = tok
	s.n++
	return true
}

// slot returns where the name stands, or the free slot where it belongs.
func (s *nameSet) slot(name string, text func(int32) string) *int32 {
	mask := uint64(len(s.slots) - 1)
	for i := maphash.String(s.seed, name) & mask; ; i = (i + 1) & mask {
		if slot := &s.slots[i]; *slot == 0 || text(*slot) == name {
			return slot
		}
	}
}
