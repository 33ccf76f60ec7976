package config

import (
	"strconv"
	"strings"
)

// suggest is the remedy for an unknown key: the known one that it resembles, else
// all of them.
func suggest(got string, known []string) string {
	best, least := "", 3
	for _, name := range known {
		if n := distance(got, name); n < least {
			best, least = name, n
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	return "known here: " + strings.Join(known, ", ")
}

// Suggest is the remedy for a name that nobody knows: the known one that it resembles,
// else all of them.
func Suggest(got string, known []string) string { return suggest(printable(got), known) }

// distance is how many letters must be put in, taken out or changed to make b of
// a (Levenshtein). Long texts are not compared: they resemble no key.
func distance(a, b string) int {
	if len(a) > 40 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			corner, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, corner+cost)
		}
	}
	return row[len(b)]
}

// printable is a key as a terminal may show it.
func printable(key string) string {
	if len(key) > 60 {
		key = key[:60] + "..."
	}
	quoted := strconv.Quote(key)
	return quoted[1 : len(quoted)-1]
}
