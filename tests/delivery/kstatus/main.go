// Prints what kstatus says of each object that it is given: a JSON array on standard input, one word a line out.
package main

import (
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

func main() {
	given, err := io.ReadAll(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "standard input cannot be read:", err)
		os.Exit(2)
	}
	// Not encoding/json, which makes every number a float: a generation is an integer.
	var objects []any
	if err := json.Unmarshal(given, &objects); err != nil {
		fmt.Fprintln(os.Stderr, "standard input holds no JSON array:", err)
		os.Exit(2)
	}
	for _, each := range objects {
		object, _ := each.(map[string]any)
		result, err := status.Compute(&unstructured.Unstructured{Object: object})
		if err != nil {
			fmt.Fprintln(os.Stderr, "kstatus cannot read an object:", err)
			os.Exit(1)
		}
		fmt.Println(result.Status)
	}
}
