package coordinator

// maxPlatforms is on how many places a person may say to publish.
const maxPlatforms = 10
