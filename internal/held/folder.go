package held

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

const (
	maxReports = 10000 // below a folder
	maxDepth   = 3     // levels of names
)

// Reports returns the reports below a folder, in the order of their bytes. Links are
// not followed.
func Reports(dir string) (found []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		switch depth := strings.Count(filepath.ToSlash(below), "/") + 1; {
		case d.IsDir() && below != "." && depth >= maxDepth:
			return fs.SkipDir
		case d.Type().IsRegular() && isReportName(d.Name()):
			found = append(found, path)
		}
		if len(found) > maxReports {
			return fmt.Errorf("%s holds more than %d reports", dir, maxReports)
		}
		return nil
	})
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s holds no report: no file named report, report.*, *.report or hcl_report.*", dir)
	}
	slices.Sort(found)
	return found, err
}

// isReportName reports whether a file is a report by its name. NAME.vek.der is a
// certificate beside a report.
func isReportName(name string) bool {
	return name == "report" || strings.HasSuffix(name, ".report") || strings.HasPrefix(name, "hcl_report.") ||
		strings.HasPrefix(name, "report.") && !strings.HasSuffix(name, besideSuffix)
}
