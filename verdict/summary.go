package verdict

import "fmt"

// SummarySchema is the value of Summary.Schema.
const SummarySchema = "tresor.report-summary/v1"

// A Summary ends a run over several reports: how many verdicts of each kind there
// were.
type Summary struct {
	Schema    string `json:"schema"`
	Passed    int    `json:"passed"`
	Refused   int    `json:"refused"`
	Undecided int    `json:"undecided"` // and those that an internal error ended
	ExitCode  int    `json:"exit_code"`
}

// Add counts the verdict of an exit code. The exit code of the run is the worst that
// occurred: internal error, refused, undecided, verified.
func (s *Summary) Add(code int) {
	if s == nil {
		return
	}
	s.Schema = SummarySchema
	switch code {
	case ExitVerified:
		s.Passed++
	case ExitRefused:
		s.Refused++
	default:
		s.Undecided++
	}
	if severity(code) > severity(s.ExitCode) {
		s.ExitCode = code
	}
}

func severity(code int) int {
	return map[int]int{ExitVerified: 0, ExitUndecided: 1, ExitRefused: 2, ExitInternal: 3}[code]
}

// String returns "18 passed, 2 refused, 1 undecided".
func (s *Summary) String() string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf("%d passed, %d refused, %d undecided", s.Passed, s.Refused, s.Undecided)
}
