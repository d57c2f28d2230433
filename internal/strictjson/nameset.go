package strictjson

import "hash/maphash"

// A nameSet finds a string that comes twice among tokens. A few are compared one
// by one. More go into a hash table, with a seed that nobody outside knows:
// neither does a small object cost a table nor a large one quadratic time. A slot
// keeps the hash of its string, so that a string is made only of the token that is
// added and of those that are most likely equal to it.
type nameSet struct {
	few   [8]int32
	n     int
	seed  maphash.Seed
	slots []nameSlot // a power of two, half full at most
}

type nameSlot struct {
	hash uint64
	tok  int32 // 0: free
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
		if s.n != len(s.few) {
			s.few[s.n] = tok
			s.n++
			return true
		}
		s.seed, s.slots = maphash.MakeSeed(), make([]nameSlot, 4*len(s.few))
		for _, f := range s.few {
			s.put(nameSlot{maphash.String(s.seed, text(f)), f})
		}
	}
	if 2*s.n == len(s.slots) { // n grows by one
		before := s.slots
		s.slots = make([]nameSlot, 2*len(before))
		for _, slot := range before {
			if slot.tok != 0 {
				s.put(slot)
			}
		}
	}
	hash := maphash.String(s.seed, name)
	for i := s.home(hash); s.slots[i].tok != 0; i = s.next(i) {
		if slot := s.slots[i]; slot.hash == hash && text(slot.tok) == name {
			return false
		}
	}
	s.put(nameSlot{hash, tok})
	s.n++
	return true
}

// put fills the first free slot for a string that is in none.
func (s *nameSet) put(slot nameSlot) {
	i := s.home(slot.hash)
	for s.slots[i].tok != 0 {
		i = s.next(i)
	}
	s.slots[i] = slot
}

func (s *nameSet) home(hash uint64) int { return int(hash & uint64(len(s.slots)-1)) }
func (s *nameSet) next(i int) int       { return (i + 1) & (len(s.slots) - 1) }
