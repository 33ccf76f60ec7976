package stream

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A frame is what the server sends, as far as it matters: protocol.md of DingTalk's
// developerpedia, with what its samples and official clients vary.
type frame struct {
	kind      string // SYSTEM, EVENT, CALLBACK or whatever there is one day
	topic     string
	messageID string // empty if there is none that could be sent back
	data      json.RawMessage
	headers   map[string]json.RawMessage
	size      int64 // bytes
}

const maxMessageID = 1024 // bytes

// parseFrame reads a frame. It reports false if the bytes are none.
func parseFrame(raw []byte) (frame, bool) {
	outer, ok := members(raw, "type", "headers", "header", "data")
	if !ok {
		return frame{}, false
	}
	headers := outer["headers"]
	if headers == nil {
		headers = outer["header"] // so one sample has it
	}
	inner, ok := members(headers, "topic", "messageId", "eventId", "eventType", "eventCorpId", "eventBornTime")
	if !ok {
		return frame{}, false
	}
	f := frame{
		kind:      strings.ToUpper(text(outer["type"])),
		topic:     text(inner["topic"]),
		messageID: text(inner["messageId"]),
		data:      outer["data"],
		headers:   inner,
		size:      int64(len(raw)),
	}
	if len(f.messageID) > maxMessageID {
		f.messageID = ""
	}
	return f, f.kind != ""
}

// payload returns the JSON in the frame's data: inside a string as documented, or as
// it is.
func (f frame) payload() []byte {
	if len(f.data) > 0 && f.data[0] == '"' {
		return []byte(text(f.data))
	}
	return f.data
}

// id returns a header that names something: short, visible, exact. Empty if it does not.
func (f frame) id(header string) string {
	s := text(f.headers[header])
	if !isID(s) {
		return ""
	}
	return s
}

// moment returns a header that is a time in milliseconds, zero if it is none of this
// century.
func (f frame) moment(header string) time.Time {
	ms, err := strconv.ParseInt(text(f.headers[header]), 10, 64)
	t := time.UnixMilli(ms).UTC()
	if err != nil || t.Year() < 2000 || t.Year() > 2100 {
		return time.Time{}
	}
	return t
}

// isID reports whether s can name somebody or something.
func isID(s string) bool {
	if s == "" || len(s) > 256 || s == "null" || s == "undefined" || !utf8.ValidString(s) || strings.TrimSpace(s) != s {
		return false
	}
	for _, r := range s {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
