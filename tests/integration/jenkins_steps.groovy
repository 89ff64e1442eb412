// Runs Jenkinsfiles with steps that only note that they were called: groovy pipeline_steps.groovy CASES
//
// CASES is a JSON list. Each case has the folder that holds `jenkins/`, a pipeline, what Jenkins would know (`env`,
// `params`), what commands end with (`exit_codes`: a list for each command that is asked for its code, in order), what
// `files` the agent has, what the jobs that it starts end with (`results`), and which command is aborted, if any. Prints
// a JSON list of what was called in each case and the result that the run would have.

import groovy.json.JsonOutput
import groovy.json.JsonSlurper

class Aborted extends Exception {}
class Failed extends Exception {}

/** As Jenkins has it: a result only ever gets worse. */
class CurrentBuild {
    static final List ORDER = [null, 'SUCCESS', 'UNSTABLE', 'FAILURE', 'NOT_BUILT', 'ABORTED']
    String displayName
    String description
    private String worst

    void setResult(String given) {
        worst = ORDER.indexOf(given) > ORDER.indexOf(worst) ? given : worst
    }

    String getResult() {
        return worst
    }
}

class Recorder {
    Map scenario
    List lines = []
    int depth = 0
    List codes
    List results

    Recorder(Map scenario) {
        this.scenario = scenario
        codes = scenario.exit_codes.collect()
        results = scenario.results.collect()
    }

    void note(String line) {
        lines << '  ' * depth + line
    }

    def within(String line, Closure body) {
        note(line)
        depth++
        try {
            return body()
        } finally {
            depth--
        }
    }

    def command(Map how) {
        String script = how.script.readLines()*.trim().join(' ')
        note("sh ${script}")
        if (scenario.aborted && script.contains(scenario.aborted)) {
            throw new Aborted()
        }
        if (how.returnStatus) {
            int code = codes.remove(0)
            note("  ended with ${code}")
            return code
        }
        if (scenario.failing && script.contains(scenario.failing)) {
            throw new Failed()
        }
        return null
    }

    def started(Map job) {
        List values = (job.parameters ?: []).collect { it.toString() }
        String line = "build ${([job.job] + values).join(' ')}"
        if (job.wait == false) {
            note("${line}, not waited for")
            return null
        }
        String result = results.remove(0)
        note("${line}: ${result}")
        return [result: result]
    }

    Map steps(CurrentBuild current) {
        return [
            env: scenario.env,
            params: scenario.params,
            scm: 'the repository',
            currentBuild: current,
            readTrusted: { String path -> new File(scenario.folder, path).text },
            readJSON: { Map how -> new JsonSlurper().parseText(how.text ?: scenario.files[how.file]) },
            node: { String label, Closure body -> within("node ${label}", body) },
            timeout: { Map limit, Closure body -> within("timeout ${limit.time} ${limit.unit}", body) },
            lock: { Map what, Closure body -> within("lock ${what.resource}", body) },
            withEnv: { List variables, Closure body -> within("withEnv ${variables.join(' ')}", body) },
            withCredentials: { List credentials, Closure body -> within("withCredentials ${credentials}", body) },
            usernamePassword: { Map credentials -> credentials.credentialsId },
            string: { Map parameter -> "${parameter.name}=${parameter.value}".toString() },
            pwd: { Map how -> how.tmp ? '/agent/workspace@tmp' : '/agent/workspace' },
            checkout: { what -> note("checkout ${what}") },
            sh: { given -> command(given instanceof Map ? given : [script: given]) },
            echo: { text -> note("echo ${text}") },
            sleep: { Map time -> note("sleep ${time.time} ${time.unit}") },
            build: { Map job -> started(job) },
            parallel: { Map branches -> branches.each { name, body -> within("branch ${name}", body) } },
            archiveArtifacts: { Map what -> note("archiveArtifacts ${what.artifacts}") },
            junit: { Map what ->
                note("junit ${what.testResults}")
                if (!what.allowEmptyResults && !scenario.files.containsKey(what.testResults)) {
                    throw new Failed()
                }
            },
        ]
    }

    Map run() {
        CurrentBuild current = new CurrentBuild()
        try {
            File pipeline = new File(scenario.folder, "jenkins/${scenario.pipeline}.Jenkinsfile")
            new GroovyShell(new Binding(steps(current))).parse(pipeline).run()
        } catch (Aborted ignored) {
            current.result = 'ABORTED'
        } catch (Failed ignored) {
            current.result = 'FAILURE'
        }
        return [name: scenario.name, steps: lines, result: current.result ?: 'SUCCESS',
                description: current.description, title: current.displayName, left: codes.size() + results.size()]
    }
}

println(JsonOutput.toJson(new JsonSlurper().parse(new File(args[0])).collect { new Recorder(it).run() }))
