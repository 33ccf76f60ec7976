package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dingbridge/dingbridge/cmd/dingbridge/internal/config"
)

// whereClients says where clients are written: in files that are named, else in those of
// a config.yaml, else in clients.yaml.
type whereClients struct {
	config string
	files  config.ClientFiles
}

const (
	usualConfig  = "config.yaml"
	usualClients = "clients.yaml"
)

func (w *whereClients) flags(cmd *cobra.Command, what string) {
	f := cmd.Flags()
	f.StringVar(&w.config, "config", "", "the config.yaml that names issuer, clients_file and clients_dir; the `file` "+usualConfig+", if it is there")
	f.StringVar(&w.files.File, "clients-file", "", "the `file` "+what+" ("+usualClients+")")
	f.StringVar(&w.files.Folder, "clients-dir", "", "the `folder` that clients_dir names, if there is one")
}

// document reads config.yaml; nil: there is none, and none was named.
func (w *whereClients) document() (*config.Document, error) {
	file := w.config
	if file == "" {
		if _, err := os.Stat(usualConfig); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		file = usualConfig
	}
	return config.Load(file, os.Environ())
}

func (w *whereClients) all() (config.ClientFiles, error) {
	if w.files != (config.ClientFiles{}) {
		return w.files, nil
	}
	doc, err := w.document()
	switch {
	case err != nil:
		return config.ClientFiles{}, fmt.Errorf("%w\nname the file with --clients-file to do without config.yaml", err)
	case doc == nil:
		return config.ClientFiles{File: usualClients}, nil
	}
	return doc.ClientFiles(), nil
}

// toAddTo are the files with one that the client called id can be added to: where there is
// only a folder, a file of its own.
func (w *whereClients) toAddTo(id string) (config.ClientFiles, error) {
	files, err := w.all()
	if err != nil || files.File != "" {
		return files, err
	}
	if strings.HasPrefix(id, ".") {
		return files, fmt.Errorf("%w: a file called %s.yaml would not be read; name one with --clients-file", errUsage, id)
	}
	files.File = filepath.Join(files.Folder, id+".yaml")
	return files, nil
}

// issuerURL is the issuer of config.yaml; empty: there is none.
func (w *whereClients) issuerURL() (string, error) {
	doc, err := w.document()
	switch {
	case err != nil:
		return "", fmt.Errorf("%w\nname the issuer with --issuer to do without config.yaml", err)
	case doc == nil:
		return "", nil
	}
	return doc.Config.Issuer, nil
}
