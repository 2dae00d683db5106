# SPDX-License-Identifier: MIT
# The README's table of tasks, checked against the headers.

# 1 if a row names what its header does not declare
function check_tasks(    i, j, count, word, failed) {
    for (i = 1; i <= tasks; i++) {
        count = split(task_calls[i], word, "`")
        for (j = 2; j <= count; j += 2) {
            if (header_of[word[j]] != task_header[i]) {
                print "README.md, task \"" task[i] "\": " word[j] " is not in " task_header[i] \
                      (word[j] in header_of ? ", but in " header_of[word[j]] : "") > "/dev/stderr"
                failed = 1
            }
        }
    }
    if (!tasks) {
        print "README.md has no table of tasks" > "/dev/stderr"
    }
    return failed || !tasks
}
