#!/bin/sh
# The partner's chain by curl: a company, a job, a candidate, an agent, and an interview that names no job.
# Needs URL and KEY (an ATS key) in the environment; `switchboard demo` prints both.
set -eu

# Posts the JSON of $2 to $1 and prints the answer.
post() {
    curl -sS -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' -d "$2" "$URL$1"
}

# The first "id" of an answer: that of what was made.
id() {
    sed 's/.*"data":{"id":"\([^"]*\)".*/\1/'
}

company=$(post /company '{"name": "Quickstart Ltd"}' | id)
job=$(post "/jobs?companyId=$company" \
    '{"title": "Baker", "description": "Bakes bread from four in the morning."}' | id)
candidate=$(post "/candidates?companyId=$company" \
    '{"firstName": "Eva", "lastName": "Early", "email": "eva@example.com",
      "gdprExpiryDate": "2199-12-31", "jobIds": ["'"$job"'"]}' | id)
agent=$(post "/agents?companyId=$company" \
    '{"name": "Screening", "type": "ONLINE", "focus": "SCREENING", "language": "EN", "duration": 15}' | id)

echo "job $job"
post "/interviews?companyId=$company" '{"candidateId": "'"$candidate"'", "agentId": "'"$agent"'"}'
echo
