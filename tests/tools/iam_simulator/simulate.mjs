// Reads {account, identity, boundary, requests} from standard input, and prints one result for each request, as JSON.
import { runSimulation, runUnsafeSimulation } from '@cloud-copilot/iam-simulate'

const unchecked = (simulation, options) => ({ overallResult: runUnsafeSimulation(simulation, options), results: [] })
const text = await new Response(process.stdin).text()
const { account, identity, boundary, requests } = JSON.parse(text)
const named = (name, policy) => [{ name, policy }]
// The policy that AWS gives a key: IAM policies of the account decide ("Default key policy" in the guide of KMS).
const ofAccount = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' }
const keyPolicy = { Version: '2012-10-17', Statement: [ofAccount] }
const results = []
for (const { action, resource, context } of requests) {
  const service = action.split(':')[0]
  // The resource types of API Gateway are not matched by the library, because their ARNs name no account.
  const run = service === 'apigateway' ? unchecked : runSimulation
  const answer = await run(
    {
      request: {
        principal: `arn:aws:iam::${account}:role/caller`,
        action,
        resource: { resource, accountId: account },
        contextVariables: context
      },
      identityPolicies: named('identity', identity),
      permissionBoundaryPolicies: boundary ? named('boundary', boundary) : undefined,
      resourcePolicy: service === 'kms' ? keyPolicy : undefined,
      serviceControlPolicies: [],
      resourceControlPolicies: []
    },
    {}
  )
  if (answer.resultType === 'error') {
    results.push({ error: JSON.stringify(answer.errors) })
    continue
  }
  const evaluated = answer.results ?? [answer.result]
  const allowing = evaluated.flatMap((one) => one.analysis.identityAnalysis?.allowStatements ?? [])
  results.push({
    result: answer.overallResult,
    ignored: evaluated.flatMap((one) => one.ignoredContextKeys ?? []),
    statements: [...new Set(allowing.map((one) => one.statement.sid() ?? ''))]
  })
}
process.stdout.write(JSON.stringify(results))
