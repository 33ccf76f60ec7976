package stream

import (
	"encoding/json"
	"net/http"
)

// An answer is what one frame is answered with. DingTalk knows by the messageId which.
type answer struct {
	Code    int               `json:"code"`
	Message string            `json:"message"`
	Headers map[string]string `json:"headers"`
	Data    json.RawMessage   `json:"data"`
}

func (f frame) answer(code int, message string, data json.RawMessage) answer {
	return answer{
		Code: code, Message: message, Data: data,
		Headers: map[string]string{"messageId": f.messageID, "contentType": "application/json"},
	}
}

// success says that the event need not come again.
func (f frame) success() answer {
	return f.answer(http.StatusOK, "OK", json.RawMessage(`"{\"status\":\"SUCCESS\",\"message\":\"success\"}"`))
}

// later asks for the event again. Code 200, as the official clients for Java and Node
// have it; the one for Go sends 500.
func (f frame) later() answer {
	return f.answer(http.StatusOK, "OK", json.RawMessage(`"{\"status\":\"LATER\",\"message\":\"later\"}"`))
}

// pong gives back what the ping brought.
func (f frame) pong() answer {
	data := f.data
	if data == nil {
		data = json.RawMessage(`""`)
	}
	return f.answer(http.StatusOK, "OK", data)
}

// noted answers a word of the server that needs nothing done.
func (f frame) noted() answer {
	return f.answer(http.StatusOK, "OK", json.RawMessage(`"{}"`))
}

// unknown says that nobody here knows what to do with it.
func (f frame) unknown() answer {
	return f.answer(http.StatusNotFound, "no handler", json.RawMessage(`"{}"`))
}
